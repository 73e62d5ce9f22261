"""What the process has done from which `tests.conftest.child` forks others: imported, loaded its kernels, and searched once."""

import numpy as np
import torch

from creativity import verbs

torch.set_num_threads(1)  # threads do not outlive a fork
for optimizer in ("adam", "relay"):
    plan = verbs.plan_fit(np.eye(16, dtype=bool), optimizer=optimizer, count=2, steps=40, seed=0, target_size=16, size=16, threads=1)
    plan.run().run()
