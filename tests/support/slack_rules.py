"""What Slack's documentation demands of a message: the checks of the tests' Slack.

https://docs.slack.dev/reference/block-kit/blocks
https://docs.slack.dev/messaging/message-metadata
"""

from __future__ import annotations

import json
from typing import Any

_STYLES = {"bold", "italic", "strike", "code", "underline"}


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def faults_of_blocks(blocks: Any) -> list[str]:
    """What Slack would complain of in ``response_metadata.messages``."""
    if not isinstance(blocks, list):
        return ["blocks: not a list"]
    if len(blocks) > 50:
        return ["no more than 50 items allowed [json-pointer:/blocks]"]
    faults = [fault for at, block in enumerate(blocks) for fault in _block(block, f"/blocks/{at}")]
    ids = [
        block.get("block_id")
        for block in blocks
        if isinstance(block, dict) and block.get("block_id")
    ]
    if len(ids) != len(set(ids)):
        faults.append("block_id is not unique")
    return faults


def faults_of_metadata(metadata: Any) -> list[str]:
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        return ["metadata must have event_type and event_payload"]
    if not isinstance(metadata["event_type"], str) or not metadata["event_type"]:
        return ["event_type must be text"]
    if not isinstance(metadata["event_payload"], dict):
        return ["event_payload must be an object"]
    if len(json.dumps(metadata["event_payload"])) > 8000:
        return ["metadata_too_large"]
    return []


def length_of(blocks: list[dict[str, Any]]) -> int:
    """Characters of all texts in the blocks."""
    return sum(units(text) for text in texts_of(blocks))


def texts_of(node: Any) -> list[str]:
    """Every text that a reader sees, links' addresses left out."""
    if isinstance(node, list):
        return [text for child in node for text in texts_of(child)]
    if isinstance(node, dict):
        return [
            text
            for name, child in node.items()
            if name in {"text", "elements", "fields"}
            for text in ([child] if isinstance(child, str) else texts_of(child))
        ]
    return []


def _block(block: Any, at: str) -> list[str]:
    if not isinstance(block, dict):
        return [f"must be an object [{at}]"]
    if len(block.get("block_id", "")) > 255:
        return [f"block_id too long [{at}]"]
    kind = block.get("type")
    if kind == "divider":
        return []
    if kind == "header":
        return _plain_text(block.get("text"), f"{at}/text", 150)
    if kind == "context":
        elements = block.get("elements")
        if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
            return [f"1 to 10 elements [{at}]"]
        return [fault for element in elements for fault in _plain_text(element, at, 2000)]
    if kind == "section":
        return _text_object(block.get("text"), f"{at}/text")
    if kind == "rich_text":
        return _rich_text(block, at)
    if kind == "actions":
        return _actions(block.get("elements"), f"{at}/elements")
    return [f"unsupported type: {kind} [{at}]"]


def _actions(elements: Any, at: str) -> list[str]:
    """https://docs.slack.dev/reference/block-kit/block-elements/button-element"""
    if not isinstance(elements, list) or not 1 <= len(elements) <= 25:
        return [f"1 to 25 elements [{at}]"]
    faults: list[str] = []
    for button in elements:
        if not isinstance(button, dict) or button.get("type") != "button":
            faults.append(f"not a button [{at}]")
            continue
        faults += _plain_text(button.get("text"), f"{at}/text", 75)
        if not 1 <= len(str(button.get("action_id", ""))) <= 255:
            faults.append(f"action_id missing or too long [{at}]")
        if units(str(button.get("value", ""))) > 2000:
            faults.append(f"value too long [{at}]")
        if button.get("style", "primary") not in {"primary", "danger"}:
            faults.append(f"bad style [{at}]")
    names = [element.get("action_id") for element in elements if isinstance(element, dict)]
    return faults + (["action_id is not unique"] if len(names) != len(set(names)) else [])


def _text_object(text: Any, at: str) -> list[str]:
    if isinstance(text, dict) and text.get("type") == "mrkdwn":
        return [] if 1 <= units(text.get("text", "")) <= 3000 else [f"1 to 3000 [{at}]"]
    return _plain_text(text, at, 3000)


def _plain_text(text: Any, at: str, limit: int) -> list[str]:
    if not isinstance(text, dict) or text.get("type") != "plain_text":
        return [f"must be plain_text [{at}]"]
    if not isinstance(text.get("text"), str) or not 1 <= units(text["text"]) <= limit:
        return [f"must be 1 to {limit} characters [{at}]"]
    return []


def _rich_text(block: dict[str, Any], at: str) -> list[str]:
    sections = block.get("elements")
    if not isinstance(sections, list) or not sections:
        return [f"elements missing [{at}]"]
    faults: list[str] = []
    for section in sections:
        if section.get("type") != "rich_text_section" or not section.get("elements"):
            faults.append(f"empty or unknown section [{at}]")
            continue
        for element in section["elements"]:
            faults += _rich_element(element, at)
    return faults


def _rich_element(element: dict[str, Any], at: str) -> list[str]:
    kind = element.get("type")
    if kind not in {"text", "link", "user", "usergroup", "broadcast", "channel", "emoji"}:
        return [f"unsupported element {kind} [{at}]"]
    if kind == "text" and not element.get("text"):
        return [f"empty text [{at}]"]
    if kind == "link" and not str(element.get("url", "")).startswith(("http://", "https://")):
        return [f"bad url [{at}]"]
    if not set(element.get("style", {})) <= _STYLES:
        return [f"bad style [{at}]"]
    return []
