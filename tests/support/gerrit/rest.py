"""What people and CIs do on a Gerrit, over its REST interface."""

import itertools
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

_MAGIC = ")]}'\n"
_LABEL_RANGES = {"Verified": (-1, 1), "Code-Review": (-2, 2)}


class GerritRefusedError(AssertionError):
    """Gerrit answered with an error: its status and text."""

    def __init__(self, method: str, path: str, status: int, text: str) -> None:
        super().__init__(f"{method} {path}: {status} {text.strip()[:500]}")
        self.status = status


@dataclass(frozen=True)
class Account:
    """An account of the test's Gerrit; `number` is Gerrit's account id."""

    number: int
    username: str
    name: str
    email: str
    password: str


ADMIN = Account(1000000, "admin", "Administrator", "admin@example.com", "secret")


class GerritRest:
    """The calls tests need. Each is made by the administrator unless an account is given."""

    def __init__(self, url: str) -> None:
        """`url` ends in a slash."""
        self.url = url
        self._http = requests.Session()
        self._http.trust_env = False
        self._files = itertools.count(1)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def request(
        self, method: str, path: str, body: Any = None, *, account: Account | None = ADMIN
    ) -> Any:
        """One call: `path` as in Gerrit's documentation, the decoded answer (None where empty).

        A body that is a string goes out as plain text, anything else as JSON. With `account=None`
        the call is anonymous. An error of Gerrit's raises GerritRefusedError.
        """
        prefix = "a/" if account else ""
        answer = self._http.request(
            method,
            f"{self.url}{prefix}{path.lstrip('/')}",
            data=body.encode() if isinstance(body, str) else None,
            json=None if isinstance(body, str) else body,
            headers={"Content-Type": "text/plain"} if isinstance(body, str) else None,
            auth=(account.username, account.password) if account else None,
            timeout=30,
        )
        if not answer.ok:
            raise GerritRefusedError(method, path, answer.status_code, answer.text)
        text = answer.content.decode()
        return json.loads(text.removeprefix(_MAGIC)) if text.startswith(_MAGIC) else None

    # Accounts and groups

    def create_account(
        self,
        username: str,
        *,
        name: str | None = None,
        email: str | None = None,
        service_user: bool = False,
    ) -> Account:
        """Makes an account with an HTTP password; a service user is tagged SERVICE_USER.

        Gerrit answers 409 "account exists" also where exactly one other account has a word in its
        name or e-mail that begins with this username ("acme" after "acme-ci").
        """
        wanted = {
            "name": name or username,
            "email": email or f"{username}@example.com",
            "http_password": f"password-of-{username}",
            "groups": ["Service Users"] if service_user else [],
        }
        made = self.request("PUT", f"accounts/{quote(username, safe='')}", wanted)
        number, password = made["_account_id"], wanted["http_password"]
        return Account(number, username, wanted["name"], wanted["email"], password)

    def rename_account(self, account: Account, name: str) -> None:
        """Changes the name that people see; the account stays the same."""
        self.request("PUT", f"accounts/{account.number}/name", {"name": name})

    def create_group(self, name: str, members: tuple[Account, ...] = ()) -> None:
        """Makes a group that everybody may see, with these members."""
        wanted = {"visible_to_all": True, "members": [str(account.number) for account in members]}
        self.request("PUT", f"groups/{quote(name, safe='')}", wanted)

    def add_member(self, group: str, account: Account) -> None:
        """Puts one more account into a group."""
        self.request("PUT", f"groups/{quote(group, safe='')}/members/{account.number}")

    # Projects

    def create_project(self, name: str) -> None:
        """Makes a project with an empty first commit on master."""
        wanted = {"create_empty_commit": True, "branches": ["master"]}
        self.request("PUT", f"projects/{quote(name, safe='')}", wanted)

    def create_branch(self, project: str, branch: str) -> None:
        """Makes a branch at master's head."""
        path = f"projects/{quote(project, safe='')}/branches/{quote(branch, safe='')}"
        self.request("PUT", path, {"revision": "master"})

    def open_labels(self) -> None:
        """Makes the label Verified and lets every registered user vote."""
        values = {"-1": "Fails", "0": "No score", "+1": "Verified"}
        label = {"values": values, "function": "NoBlock", "commit_message": "Add Verified"}
        self.request("PUT", "projects/All-Projects/labels/Verified", label)
        permissions = {
            f"label-{label}": {
                "label": label,
                "rules": {"global:Registered-Users": {"action": "ALLOW", "min": low, "max": high}},
            }
            for label, (low, high) in _LABEL_RANGES.items()
        }
        access = {"add": {"refs/heads/*": {"permissions": permissions}}}
        self.request("POST", "projects/All-Projects/access", access)

    # Changes

    def create_change(
        self,
        project: str,
        subject: str,
        *,
        branch: str = "master",
        topic: str | None = None,
        account: Account = ADMIN,
        **more: Any,
    ) -> int:
        """Uploads a change and returns its number; `more` is ChangeInput (is_private=True …)."""
        wanted = {"project": project, "subject": subject, "branch": branch, **more}
        if topic:
            wanted["topic"] = topic
        return int(self.request("POST", "changes/", wanted, account=account)["_number"])

    def new_patch_set(self, change: int, *, account: Account = ADMIN) -> int:
        """Uploads a patch set with a new file (a REWORK) and returns the patch set's number."""
        name = f"file-{next(self._files)}.txt"
        self.request("PUT", f"changes/{change}/edit/{name}", f"{name}\n", account=account)
        publish = {"notify": "NONE"}
        self.request("POST", f"changes/{change}/edit:publish", publish, account=account)
        return int(self.change(change)["current_revision_number"])

    def change(self, change: int) -> dict[str, Any]:
        """The change with its messages, accounts and current revision."""
        options = "o=MESSAGES&o=DETAILED_ACCOUNTS&o=DETAILED_LABELS&o=CURRENT_REVISION"
        answer: dict[str, Any] = self.request("GET", f"changes/{change}?{options}")
        current = answer["revisions"][answer["current_revision"]]
        answer["current_revision_number"] = current["_number"]
        return answer

    def messages(self, change: int | str) -> list[dict[str, Any]]:
        """Its change messages, the oldest first."""
        messages: list[dict[str, Any]] = self.request("GET", f"changes/{change}/messages")
        return messages

    def review(
        self,
        account: Account,
        change: int | str,
        message: str = "",
        *,
        labels: dict[str, int] | None = None,
        tag: str | None = None,
        patch_set: int | str = "current",
        **more: Any,
    ) -> None:
        """Comments and votes, as CIs do; `more` is ReviewInput (comments={…}, ready=True …)."""
        wanted: dict[str, Any] = {"message": message, "notify": "NONE", **more}
        if labels:
            wanted["labels"] = labels
        if tag:
            wanted["tag"] = tag
        path = f"changes/{change}/revisions/{patch_set}/review"
        self.request("POST", path, wanted, account=account)

    def delete_message(self, change: int, message_id: str, reason: str = "") -> None:
        """Blanks a message. Its date stays; it and all later messages get new ids."""
        path = f"changes/{change}/messages/{message_id}/delete"
        self.request("POST", path, {"reason": reason} if reason else {})

    def delete_vote(self, change: int, account: Account, label: str = "Verified") -> None:
        """The administrator takes another's vote away."""
        path = f"changes/{change}/reviewers/{account.number}/votes/{label}/delete"
        self.request("POST", path, {"notify": "NONE"})

    def abandon(self, change: int, message: str = "") -> None:
        """Abandons it."""
        wanted = {"message": message, "notify": "NONE"}
        self.request("POST", f"changes/{change}/abandon", wanted)

    def restore(self, change: int) -> None:
        """Restores an abandoned one."""
        self.request("POST", f"changes/{change}/restore", {})

    def submit(self, change: int) -> None:
        """Votes Code-Review+2 and submits."""
        self.review(ADMIN, change, labels={"Code-Review": 2})
        self.request("POST", f"changes/{change}/submit", {})

    def delete_change(self, change: int) -> None:
        """Deletes it: 404 from then on."""
        self.request("DELETE", f"changes/{change}")

    def set_private(self, change: int) -> None:
        """Hides it from everybody but its owner and reviewers."""
        self.request("POST", f"changes/{change}/private", {})
