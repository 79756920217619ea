"""The pieces of an experiment's text that draw its figures; `<<NAME>>` marks what programs.py fills in."""

from __future__ import annotations

FIGURES = '''\
def draw_scores(results: list[dict], groups: dict[str, list[str]]) -> None:
    """figures/scores.pdf: test scores over the levels; bars are one standard deviation over the seeds."""
    figure, axes = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    styles = cycle(("o-", "s--", "^-.", "d:", "v-", "P--", "X-.", "*:"))
    for number, names in enumerate(groups.values()):
        for name, style in zip(names, styles):
            rows = [row for row in results if row["model"] == name]
            x, mean, std = ([row[key] for row in rows] for key in ("level", "mean", "std"))
            axes.errorbar(x, mean, std, fmt=style, color=f"C{number}", capsize=2, markersize=4, label=name)
    axes.set(xlabel="<<AXIS>>", ylabel=f"{METRIC} on test rows")
    axes.grid(alpha=0.25)
    axes.legend(fontsize="small", frameon=False)
    save(figure, "scores")


def draw_drops(drops: list[dict], contrasts: list[dict], groups: dict[str, list[str]]) -> None:
    """figures/drops.pdf: what every model loses (one standard deviation), and group differences (95 % interval)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 1.3 + 0.35 * len(drops)), layout="constrained")
    colours = {group: f"C{number}" for number, group in enumerate(groups)}
    for place, row in enumerate(reversed(drops)):
        left.barh(place, row["mean"], xerr=row["std"], color=colours[row["group"]], alpha=0.8, capsize=2)
    left.set_yticks(range(len(drops)), [row["model"] for row in reversed(drops)])
    left.set_xlabel(f"loss of {METRIC}")
    draw_contrasts(right, contrasts)
    right.set_xlabel("difference of losses")
    save(figure, "drops")


'''

COMPARISON_FIGURES = '''\
def draw_scores(results: list[dict], groups: dict[str, list[str]]) -> None:
    """figures/scores.pdf: every model's test score of every seed, and its mean with one standard deviation."""
    figure, axes = plt.subplots(figsize=(5.6, 0.9 + 0.35 * len(results)), layout="constrained")
    colours = {group: f"C{number}" for number, group in enumerate(groups)}
    for place, row in enumerate(reversed(results)):
        colour = colours[row["group"]]
        axes.plot(row["scores"], [place] * len(row["scores"]), "o", color=colour, alpha=0.35, markersize=4)
        axes.errorbar(row["mean"], place, xerr=row["std"], fmt="D", color=colour, capsize=3, markersize=5)
    axes.set_yticks(range(len(results)), [row["model"] for row in reversed(results)])
    axes.set_xlabel(f"{METRIC} on test rows")
    axes.grid(alpha=0.25, axis="x")
    save(figure, "scores")


def draw_differences(contrasts: list[dict]) -> None:
    """figures/contrasts.pdf: differences between the groups with their 95 % intervals."""
    figure, axes = plt.subplots(figsize=(5.6, 0.9 + 0.4 * len(contrasts)), layout="constrained")
    draw_contrasts(axes, contrasts)
    axes.set_xlabel(f"difference of {METRIC}")
    save(figure, "contrasts")


'''

FIGURE_PARTS = '''\
def draw_contrasts(axes, contrasts: list[dict]) -> None:
    """Differences between groups as points with their intervals, around a line at zero."""
    axes.axvline(0, color="0.6", linewidth=1)
    for place, row in enumerate(reversed(contrasts)):
        bars = [[row["mean"] - row["low"]], [row["high"] - row["mean"]]]
        axes.errorbar(row["mean"], place, xerr=bars, fmt="o", color="0.2", capsize=3)
    axes.set_yticks(range(len(contrasts)), [f"{row['a']}\\n− {row['b']}" for row in reversed(contrasts)])
    axes.set_ylim(-0.6, len(contrasts) - 0.4)


def save(figure, name: str) -> None:
    """Write a figure as a vector file."""
    Path("figures").mkdir(exist_ok=True)
    figure.savefig(f"figures/{name}.pdf")
    plt.close(figure)


'''

GROUP_FIGURE = '''\
def draw_groups(table: pd.DataFrame, groups: dict[str, list[str]]) -> None:
    """figures/groups.pdf: mean test score of each group over the levels; bands are one standard deviation."""
    figure, axes = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    for number, ((group, names), style) in enumerate(zip(groups.items(), cycle(("o-", "s--", "^-.", "d:")))):
        seeds = table.loc[list(names)].groupby(["level", "seed"])["test"].mean().unstack().loc[list(LEVELS)]
        mean, std = seeds.mean(axis=1), seeds.std(axis=1).fillna(0)
        axes.plot(LEVELS, mean, style, color=f"C{number}", markersize=4, label=group)
        axes.fill_between(LEVELS, mean - std, mean + std, color=f"C{number}", alpha=0.15)
    axes.set(xlabel="level", ylabel=f"mean {METRIC} on test rows")
    axes.grid(alpha=0.25)
    axes.legend(fontsize="small", frameon=False)
    save(figure, "groups")
'''
