"""From a log of interactions to the model that serves: its parts, and the weights between them."""

from dataclasses import dataclass, replace

from dataflix.recommender import Blend, ItemModel, Recency
from training.also_chosen_fit import fit_also_chosen
from training.blend_search import BlendChoice, choose_blend, without_newest
from training.choices import Choices
from training.factorisation import Factorisation, Factoriser, factorise
from training.interaction_log import FEWEST_ITEMS, FEWEST_PEOPLE, InteractionLog
from training.next_item_fit import fit_next_items
from training.star_fit import fit_stars


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model, how its factorisation went, and what its weights were chosen by."""

    model: ItemModel
    factorisation: Factorisation
    chosen: BlendChoice


def fit_model(log: InteractionLog, choices: Choices, factors_by: Factoriser = factorise) -> Fitted:
    """Fit the parts without the newest interactions, choose the weights by these, then fit the parts to everything."""
    earlier = without_newest(log)
    shipped = shipped_blend(choices)
    chosen = BlendChoice(shipped, 0, {})
    if earlier.user_ids.size >= FEWEST_PEOPLE and earlier.item_ids.size >= FEWEST_ITEMS:
        trial, _ = fit_parts(earlier, choices, shipped, factors_by)
        chosen = choose_blend(log, trial, choices.seed)
    model, factorisation = fit_parts(log, choices, chosen.blend, factors_by)
    return Fitted(replace(model, stars=fit_stars(log, choices)), factorisation, chosen)


def shipped_blend(choices: Choices) -> Blend:
    """The weights unless others are better beyond noise."""
    return Blend(
        factors=choices.factor_weight,
        next_items=1.0,
        popularity=choices.popularity_weight,
        factors_recency=Recency(choices.factor_half_life, choices.factor_floor),
        next_items_recency=Recency(choices.next_half_life, choices.next_floor, float(choices.next_reach)),
        also_chosen=choices.also_weight,
        also_chosen_recency=Recency(choices.also_half_life, choices.also_floor, float(choices.also_reach)),
    )


def fit_parts(
    log: InteractionLog, choices: Choices, blend: Blend, factors_by: Factoriser = factorise
) -> tuple[ItemModel, Factorisation]:
    """Factors and neighbours of the whole log, without what predicts stars."""
    factorisation = factors_by(log, choices)
    model = ItemModel(
        log.item_ids,
        factorisation.items,
        log.popularity,
        next_items=fit_next_items(log, choices),
        also_chosen=fit_also_chosen(log, choices),
        blend=blend,
    )
    return model, factorisation
