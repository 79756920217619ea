"""The pieces of an experiment's text about rows: samples, splits, and how each level of a factor is brought about."""

from __future__ import annotations

SAMPLE_CLASSIFICATION = """\
    if len(y) > MAX_ROWS:
        print(f"using a random sample of {MAX_ROWS:,} of {len(y):,} rows")
        kept = np.random.default_rng(FIRST_SEED).choice(len(y), MAX_ROWS, replace=False)
        X, y = X.iloc[kept].reset_index(drop=True), np.unique(y[kept], return_inverse=True)[1]
"""

ROWS_CLASSIFICATION = '''\
def rows() -> tuple[pd.DataFrame, np.ndarray]:
    """Features, and classes as numbers from 0."""
    X, y = load()
    X, y = pd.DataFrame(X).reset_index(drop=True), np.unique(np.asarray(y), return_inverse=True)[1]
<<SAMPLE>>    return X, y
'''

SAMPLE_REGRESSION = """\
    if len(y) > MAX_ROWS:
        print(f"using a random sample of {MAX_ROWS:,} of {len(y):,} rows")
        kept = np.random.default_rng(FIRST_SEED).choice(len(y), MAX_ROWS, replace=False)
        X, y = X.iloc[kept].reset_index(drop=True), y[kept]
"""

ROWS_REGRESSION = '''\
def rows() -> tuple[pd.DataFrame, np.ndarray]:
    """Features and target."""
    X, y = load()
    X, y = pd.DataFrame(X).reset_index(drop=True), np.asarray(y, dtype=float)
<<SAMPLE>>    return X, y
'''

SPLIT_STRATIFIED = '''\
def split(y: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row numbers for training, validation and test, with every class in its share."""
    rest, test = train_test_split(np.arange(len(y)), test_size=TEST_SHARE, random_state=seed, stratify=y)
    train, valid = train_test_split(rest, test_size=VALIDATION_SHARE, random_state=seed, stratify=y[rest])
    return train, valid, test
'''

SPLIT_RARE = '''\
def split(y: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row numbers for training, validation and test, classes in their shares; too small ones count with the largest."""
    sizes = np.bincount(y)
    strata = np.where(sizes[y] < 8, sizes.argmax(), y)
    rest, test = train_test_split(np.arange(len(y)), test_size=TEST_SHARE, random_state=seed, stratify=strata)
    train, valid = train_test_split(rest, test_size=VALIDATION_SHARE, random_state=seed, stratify=strata[rest])
    return train, valid, test
'''

SPLIT_RANDOM = '''\
def split(y: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row numbers for training, validation and test."""
    rest, test = train_test_split(np.arange(len(y)), test_size=TEST_SHARE, random_state=seed)
    train, valid = train_test_split(rest, test_size=VALIDATION_SHARE, random_state=seed)
    return train, valid, test
'''

LABEL_NOISE_CLASSIFICATION = '''\
def disturbed(X: pd.DataFrame, y: np.ndarray, train: np.ndarray, level: float, seed: int):
    """All features, and training rows with their labels, a share `level` of them wrong: every other class as likely.

    The labels that are wrong at a lower level are wrong in the same way at a higher one.
    """
    rng = np.random.default_rng(seed)
    order, classes = rng.permutation(len(train)), y.max() + 1
    wrong = (y[train] + rng.integers(1, classes, len(train))) % classes
    hit = order[: round(level * len(train))]
    labels = y[train].copy()
    labels[hit] = wrong[hit]
    return X, train, labels
'''

LABEL_NOISE_REGRESSION = '''\
def disturbed(X: pd.DataFrame, y: np.ndarray, train: np.ndarray, level: float, seed: int):
    """All features, and training rows with their targets under Gaussian noise of `level` standard deviations.

    A higher level is the same noise, only stronger.
    """
    noise = np.random.default_rng(seed).normal(size=len(train))
    return X, train, y[train] + level * y[train].std() * noise
'''

FEATURE_NOISE = '''\
def disturbed(X: pd.DataFrame, y: np.ndarray, train: np.ndarray, level: float, seed: int):
    """All features, the numbers among them under Gaussian noise of `level` standard deviations, and training rows.

    Every row is measured with the same noise, training rows and test rows alike; a higher level is the same noise,
    only stronger.
    """
    noisy = X.copy()
    rng = np.random.default_rng(seed)
    for column in X.select_dtypes("number"):
        noise = rng.normal(size=len(X))
        noisy[column] = X[column] + level * X[column].iloc[train].std() * noise
    return noisy, train, y[train]
'''

TRAINING_SIZE_CLASSIFICATION = '''\
def disturbed(X: pd.DataFrame, y: np.ndarray, train: np.ndarray, level: float, seed: int):
    """All features, and a share `level` of the training rows of every class, at least two; smaller ones are nested."""
    labels = pd.Series(y[train])
    size = labels.groupby(labels).transform("size")
    kept = train[labels.groupby(labels).cumcount() < np.maximum(2, (level * size).round())]
    return X, kept, y[kept]
'''

TRAINING_SIZE_REGRESSION = '''\
def disturbed(X: pd.DataFrame, y: np.ndarray, train: np.ndarray, level: float, seed: int):
    """All features, and a share `level` of the training rows, at least eight; smaller shares are nested."""
    kept = train[: max(8, round(level * len(train)))]
    return X, kept, y[kept]
'''
