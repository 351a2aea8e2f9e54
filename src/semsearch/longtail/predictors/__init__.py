"""Numbers that tell, without judgements, how likely the dense leg failed a query: query performance predictors.

Each is turned so that higher means more likely failing; NaN is not known. One module a family.
"""

from semsearch.longtail.predictors.case import Engaged, Predictor
from semsearch.longtail.predictors.ground import Ground, Support
from semsearch.longtail.predictors.predict import PREDICTORS, predict

__all__ = ["PREDICTORS", "Engaged", "Ground", "Predictor", "Support", "predict"]
