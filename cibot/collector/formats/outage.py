"""Whether a CI's words say that its own system broke: "no executor available, please recheck".

Such a run judges no change, whatever the vote is. Words about the system, its machines and its
network count; where a sentence tells of failed tests, too, only what names the infrastructure does.
"""

from __future__ import annotations

import re
from dataclasses import replace

from cibot.collector.formats.comment import Comment
from cibot.model import NOTE, OUTAGE, Outcome, Report

_LINES = 4  # what follows are details, and may be a log's
_LINE = 300
_IN_WORDS = frozenset((NOTE, "sentence", "votes", "findings"))
"""Formats whose builds have their result from the sentence or the vote, not from a line."""
_HEADLINES = frozenset(("zuul", "jenkins"))

# Parts of a CI, which no change under test is.
_MACHINES = (
    r"(?:(?:jenkins|zuul)(?: (?:controller|master|scheduler))?|nodepool|nodes?|pods?|"
    r"(?:build[ -]?)?(?:slaves?|agents?|workers?|executors?|"
    r"hosts?|machines?|servers?)|runners?|builders?|vms?|instances?|labs?|test[ -]?(?:beds?|"
    r"rigs?|labs?|farms?|environments?|setups?|systems?|vms?|hosts?)|duts?|boards?|"
    r"device farms?|environments?|clusters?|resources|racks?|arrays?|filers?|hypervisors?|"
    r"containers?)"
)
_PLACES = (
    r"(?:ci(?: (?:system|infrastructure|server|lab))?|infra(?:structure)?|"
    r"(?:docker |artifact |container |image |pypi |apt |npm |git |log |package |license )?"
    r"(?:registry|mirrors?|proxy|repository server|server|storage)|artifactory|nexus|"
    r"docker hub|docker daemon|network|vpn|dns|cloud|gerrit|github|gitlab|s3 bucket|bucket|"
    r"swift|nfs|ldap|(?:lab |network )?switch(?:es)?|router)"
)
_OURS = r"(?:ci|lab|infra(?:structure)?|jenkins|zuul|test[ -]?(?:bed|lab|environment|setup))"
_PART = rf"(?:{_MACHINES}|{_PLACES})"
_BE = (
    r"(?:(?: \S{1,20}){0,2}? (?:is|are|was|were|went|became|got|has|have|seems?)"
    r"(?: \S{1,15}){0,2})?"
)
_CANNOT = (
    r"(?:could not|couldn't|cannot|can't|can not|unable to|failed to|not able to|failure to)"
    r" (?:be )?"
)
_SETTING_UP = (
    r"(?:setup|set-up|provisioning|deployment|bootstrap|preparation|creation|allocation|"
    r"installation|boot)"
)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b{pattern}" for pattern in patterns))


_NAMED = _any(
    r"infra(?:structure)?[- ](?:\w+[- ])?(?:errors?|failures?|failed|faults?|issues?|problems?|"
    r"outages?|troubles?|flakes?|bugs?)\b",
    r"(?:not|un)[ -]?(?:caused by|related to|due to|because of|your|the fault of|"
    r"a (?:problem|fault) (?:of|in|with)) (?:your |this |the )?(?:change|patch|commit|fault)",
    r"(?:lab|power|network|ci|system|data ?cent(?:er|re)|hardware|site|cloud|service|storage) "
    r"(?:outage|maintenance)\b",
    r"hardware (?:failure|fault|error|problem)s?\b",
    r"power (?:failure|cut|loss)\b",
    r"(?:preempted|evicted|errimagepull|imagepullbackoff)\b",
    r"rate limit exceeded\b",
    r"image pull (?:failed|error)",
    r"nothing was tested\b",
    r"(?:run|job|build|results?) (?:was |is |were |are |has been )?(?:discarded|invalid)\b",
    r"(?:outages?|hiccups?|glitch(?:es)?|novalidhost)\b",
    r"(?:lost power|power (?:was |is )?lost)\b",
    r"before (?:any|the) tests? (?:was|were|could be) (?:executed|run|started)\b",
    r"(?:verdict|result|outcome)s? (?:is |are )?unknown\b",
    r"(?:power|network|lab|hardware|hw|switch|cabling) (?:issue|problem)s?\b",
    r"(?:runner )?system failure\b",
    r"by (?:the )?(?:ci )?infrastructure\b",
    rf"{_OURS} (?:system )?(?:issue|problem)s?\b",
    r"(?:environment(?:al)?|lab|test ?bed|setup) (?:error|failure)s?\b",
    r"(?:error|issue|problem|trouble|failure)s? (?:in|with|of|on) (?:one of )?"
    rf"(?:our (?:\w+ )?{_PART}|the {_OURS})\b",
    r"(?:builds?|jobs?|runs?|results?) (?:[\w ]{1,40} )?(?:was |were |is |are |got |has been |"
    r"have been )?lost\b",
    r"ignore (?:this|the|our) (?:result|vote|failure|report|comment)\b",
    r"(?:results?|failures?|votes?)(?: \S+){0,4} (?:are|is) (?:not valid|invalid|void)\b",
    rf"(?:login|access|connection) to (?:\w+ ){{0,3}}?(?:{_PART}) (?:failed|refused|lost)\b",
    r"(?:build|run|job) (?:errored|fault)\b",
)
_SYMPTOM = _any(
    rf"{_PART}{_BE} (?:down|offline|unavailable|not available|unreachable|not reachable|"
    r"inaccessible|flapp(?:ed|ing)|not responding|unresponsive|overloaded|exhausted|"
    r"out of order|under maintenance|in maintenance|disconnected|lost|gone|away|broken|"
    r"(?:being |been )?(?:restarted|rebooted)|restarting|shut(?:ting)? down)\b",
    rf"{_MACHINES}{_BE} (?:crashed|died|dead|full|timed out|stuck|hung|lost|killed|terminated|busy|"
    r"ran out of (?:memory|disk|space)|expired)\b",
    rf"{_MACHINES} (?:reservation|lease|booking) (?:has |was )?(?:expired|lost|failed)",
    rf"(?:reboot|restart|crash) of (?:the|our|a) (?:\w+ )?{_PART}\b",
    rf"no (?:\w+ ){{0,3}}?{_MACHINES}(?: \w+)? (?:available|left|free|online|found|ready)\b",
    rf"no (?:free|idle|suitable|available|online) (?:\w+ )?{_MACHINES}\b",
    r"(?:out of|not enough|insufficient|lack of|no) (?:free )?(?:disk(?: space)?|space left|"
    rf"disk space|quota|capacity|{_MACHINES})\b",
    r"disk (?:is |was )?full\b",
    r"(?:quota (?:was |is )?exceeded|exceeded (?:the )?quota)\b",
    rf"{_CANNOT}connect to the (?:device|system|host|machine) under test\b",
    rf"{_PART}(?: \S{{1,20}}){{0,3}} returned 5\d\d\b",
    r"(?:credentials?|token|certificate|authentication) (?:\S+ )?expired\b",
    rf"{_MACHINES} (?:running|that ran|of) (?:this|the|your) (?:job|build|run|tests?) "
    r"(?:died|crashed|was lost|disappeared|went away|rebooted)\b",
    rf"{_CANNOT}(?:reach|reached|contact|clone|fetch|allocate|allocated|provision|provisioned|"
    r"acquire|acquired|reserve|reserved|spawn|log ?in)\b",
    rf"{_CANNOT}(?:connect|ssh|boot|launch|deploy|start|bring up|set ?up|get|create|find|lock|"
    r"prepare|initiali[sz]e|use|schedule|check ?out|resolve|download|deployed|started|"
    rf"scheduled|run|executed)\b(?: \S{{1,20}}){{0,4}}? (?:{_PART}|build|job|the change|"
    r"the run)\b",
    r"(?:builds?|jobs?|run|tests?|environment|test environment|test ?bed) (?:could not|couldn't|"
    r"cannot|can not|can't|did not|didn't) (?:be )?(?:started|deployed|scheduled|start|begin|"
    r"provisioned|set up|launched)\b",
    rf"{_MACHINES} (?:not|never) (?:acquired|allocated|provisioned|found)\b",
    r"lost (?:the |our )?(?:connection|contact|connectivity)\b",
    r"connection (?:to \S+ |to the \S+ )?(?:was )?lost\b",
    rf"{_SETTING_UP} of (?:(?:the|a|our) )?(?:\w+ )?{_MACHINES}(?: \S+)? (?:failed|timed out)",
    rf"{_MACHINES} {_SETTING_UP} (?:has |have )?(?:failed|failure|error|timed out)",
    rf"(?:timed out|timeout) (?:while |when )?waiting (?:for|on) (?:\S+ ){{0,3}}{_MACHINES}\b",
    r"internal error in (?:the|our) ",
    rf"{_MACHINES}(?: [^\s:]+){{0,4}} (?:disconnected|unavailable|unreachable|unresponsive|"
    r"terminated|dropped|disappeared|vanished|rebooted|reimaged|evicted|interrupted|refused|"
    r"drained|deleted)\b",
    rf"all (?:the |our |\d+ )?{_MACHINES} (?:are |were )?(?:busy|in use|occupied|taken)\b",
    rf"{_CANNOT}pull (?:the )?(?:\S+ )?image\b",
    r"maintenance\b",
    r"experiencing (?:\w+ )?(?:problems|issues|difficulties|outages?|an outage)\b",
    r"(?:build|tests?|jobs?) (?:were |was )?(?:not|never) (?:executed|started)\b",
)
_TESTED = _any(
    r"[1-9]\d* (?:\S+ ){0,2}(?:tests?|failures?|errors?)\b"
    r"(?! (?:were|have been) (?:not|skipped))",
    r"tests?(?: \S+){0,2} (?:failed|failing|broke|broken)\b",
    r"(?:failed tests?|not compile)\b",
    r"compil\w+ (?:error|failed|failure)",
    r"(?:assertion|test_\w+|fail\w*:.{1,200} test$)",
)
_DENIED = re.compile(r"\b(?:no|not an?|without|zero|isn't an?|0) (?:\w+ )?infra")
_ANNOUNCED = _any(
    r"(?:will|going to|planned|delayed|tomorrow|back (?:online|up|again)|up again|resolved|fixed|"
    r"up and running|recovered|restored|is over|no longer|in case)\b",
    r"(?:re-?running|restarting|re-?triggering|repeating) (?:the |this |your )?"
    r"(?:build|job|jobs|run|tests?)\b",
)
_GIVEN_UP = re.compile(r"\b(?:will|going to) (?:be )?(?:automatically )?(?:re|try again)")
_HINT = re.compile(
    r"infra|not |un|no |lost|down|offline|out of|outage|mainten|power|hardware|issue|problem|"
    r"error|trouble|preempt|flap|time|ignore|lab|disk|quota|fail|can|fault|crash|die|dead|full|"
    r"restart|reboot|away|gone|lack|disconnect|kill|busy|evict|imagepull|"
    r"pull|rate|expire|hiccup|glitch|drop|vanish|disappear|before|reimage|refuse|interrupt|drain|delete|void|"
    r"novalid|discard|invalid|return"
)


_BEGUN = re.compile(
    r"(?:(?:the )?(?:build|tests?|testing|jobs?|ci|run|verification|now|we are|we're) (?:#\d+ )?)?"
    r"(?:starting|started|running|triggered|queued|building|testing (?:started|begins|your))\b"
)


def corrected(comment: Comment, report: Report | None) -> Report | None:
    """The report, or that of an outage where the CI's own words tell of one.

    Only a known CI's or one that its name or tag shows, only where no line tells how a job
    went, and never over a success.
    """
    if not _open(comment, report) or not comment.by_ci or not broke(comment):
        return report
    builds = report.builds if report is not None else ()
    if report is not None and report.format in _IN_WORDS:
        builds = tuple(replace(build, result="INFRA_FAILURE") for build in builds)
    return Report(Outcome.FAILURE, OUTAGE, report.pipeline if report else None, builds)


def _open(comment: Comment, report: Report | None) -> bool:
    if report is None:
        return True
    if report.outcome in (Outcome.SUCCESS, Outcome.MERGE_FAILURE):
        return False
    if report.outcome is not Outcome.FAILURE and _BEGUN.match(comment.first.lower()):
        return False  # "Starting tests on node-3, node-2 is down"
    if report.format in _IN_WORDS:
        return True
    failed = report.outcome is Outcome.FAILURE and report.format in _HEADLINES
    return failed and not report.builds


def broke(comment: Comment) -> bool:
    """Whether the first lines say that the CI itself broke."""
    for line in comment.lines[:_LINES]:
        text = line[:_LINE].lower().replace("’", "'")
        if "://" in text:
            text = " ".join(word for word in text.split() if "://" not in word)
        if not _HINT.search(text) or (_ANNOUNCED.search(text) and not _GIVEN_UP.search(text)):
            continue
        if _NAMED.search(text) and not _DENIED.search(text):
            return True
        if _SYMPTOM.search(text) and not _TESTED.search(text):
            return True
    return False
