"""What labelled pictures say of a spec.

`jobs` opens objects with their pictures (`datasets` reads other people's), `work` is what they are
scored with, `scored` what came of it. `statistics` has figures and their intervals, `validation`
and `calibration` what two commands do with them, `words` the experiments with phrases.
"""
