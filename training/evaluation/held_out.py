"""Putting a part of the interactions aside, and asking a model for it."""

from dataflix.recommender import ItemModel
from training.errors import UnfitData
from training.evaluation.people import EVERYTHING, Answers, ask
from training.evaluation.serving import ServingModel
from training.interaction_log import FEWEST_ITEMS, FEWEST_PEOPLE, InteractionLog
from training.splits import Protocol, Split, split


def held_out(log: InteractionLog, protocol: Protocol) -> Split | None:
    """The interactions divided; None where nothing can be held out, or too little is left to learn from."""
    try:
        divided = split(log, protocol)
    except UnfitData:
        return None
    enough = divided.train.user_ids.size >= FEWEST_PEOPLE and divided.train.item_ids.size >= FEWEST_ITEMS
    return divided if enough else None


def answers(model: ItemModel | None, divided: Split, limit: int = EVERYTHING) -> Answers:
    """What ``model`` makes of the people who are asked; popularity where it is None."""
    return ask(ServingModel(model, divided.train), divided.asked, limit)
