from metanash.kernels.twin import Floats, Integers

isa: str
source_digest: str

def set_threads(count: int, /) -> None: ...
def mirror(
    q: Floats,
    eta: Floats,
    x: Floats,
    y: Floats,
    mu: Floats,
    nu: Floats,
    sum_mu: Floats,
    sum_nu: Floats,
    sum_value: Floats,
    lanes: int,
    rows: int,
    columns: int,
    done: int,
    iterations: int,
    /,
) -> None: ...
def joint_mirror(
    q: Floats,
    eta: Floats,
    x: Floats,
    policy: Floats,
    sum_joint: Floats,
    actions: Integers,
    lanes: int,
    players: int,
    joint: int,
    columns: int,
    done: int,
    iterations: int,
    /,
) -> None: ...
def ascent(
    reward: Floats,
    transition: Floats,
    index: Integers,
    step: Floats,
    initial: Floats,
    actions: Integers,
    policy: Floats,
    response: Floats,
    sum_gap: Floats,
    least: Floats,
    discount: float,
    lanes: int,
    players: int,
    states: int,
    joint: int,
    reward_rows: int,
    columns: int,
    kinds: int,
    softmax: int,
    measure: int,
    done: int,
    iterations: int,
    /,
) -> None: ...
def expect(
    transition: Floats,
    index: Integers,
    values: Floats,
    out: Floats,
    games: int,
    rows: int,
    states: int,
    vectors: int,
    kinds: int,
    /,
) -> None: ...
def equilibria(payoff: Floats, solution: Floats, games: int, rows: int, columns: int, /) -> float: ...
