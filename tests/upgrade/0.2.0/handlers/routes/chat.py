"""The chat's own messages: somebody types, reacts to a message, or sets the topic of a room."""

from typing import Annotated

from pydantic import BaseModel, Field

from signalbox import EVERYONE, USERS, Caller, Publisher, Rate, Router

from ..services import Moderation

RoomName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]

router = Router()


class Typing(BaseModel):
    """The caller is typing in a room."""

    room: RoomName


class Reaction(BaseModel):
    """The caller reacts to the publication with this offset."""

    room: RoomName
    offset: int = Field(ge=1)
    emoji: str = Field(min_length=1, max_length=16)


class Topic(BaseModel):
    """The caller sets a room's topic."""

    room: RoomName
    topic: str = Field(min_length=1, max_length=80)


@router.on_message("chat.typing", allow=EVERYONE, rate=Rate(1, 5))
async def typing(message: Typing, caller: Caller, publisher: Publisher) -> None:
    """Tell the room. It goes to a channel without history: nobody asks later who was typing."""
    await publisher.publish(f"live:{message.room}", {"typing": True}, sender=caller)


@router.on_message("chat.reaction", allow=EVERYONE, rate=Rate(2, 10))
async def react(message: Reaction, caller: Caller, publisher: Publisher) -> None:
    """Tell the room."""
    reaction = {"reaction": message.emoji, "offset": message.offset}
    await publisher.publish(f"live:{message.room}", reaction, sender=caller)


@router.on_message("chat.topic", allow=USERS, rate=Rate(0.2, 3))
async def set_topic(
    message: Topic, caller: Caller, publisher: Publisher, moderation: Moderation
) -> dict[str, str]:
    """Store the topic in the room's history, so that clients that come back see it too."""
    moderation.check(message.topic)
    await publisher.publish(f"room:{message.room}", {"topic": message.topic}, sender=caller)
    return {"type": "chat.topic", "room": message.room, "topic": message.topic}
