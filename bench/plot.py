"""Bars and lines as SVG, for pages that are light or dark."""
import itertools
import math

COLOURS = ("#1f77b4", "#d62728", "#7f7f7f", "#2ca02c", "#9467bd", "#8c564b", "#e377c2")
OURS = "elile_optimize"
WIDTH, HEIGHT = 760, 360
LEFT, TOP, RIGHT, BOTTOM = 70, 50, 190, 50


def colours_of(names):
    """Ours first, so that it has one colour in every plot."""
    ordered = sorted(names, key=lambda name: name != OURS)
    return dict(zip(ordered, COLOURS))


def text(x, y, content, anchor="middle", size=12):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{content}</text>'


def frame(title, colours, body):
    key = []
    for at, (name, colour) in enumerate(colours.items()):
        y = TOP + 20 * at
        key.append(f'<rect x="{WIDTH - RIGHT + 20}" y="{y}" width="12" height="12" fill="{colour}"/>')
        key.append(text(WIDTH - RIGHT + 38, y + 10, name, "start"))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text(LEFT, 25, title, "start", 16), *body, *key, "</svg>", ""])


def axis(top, bottom, steps, label):
    """Horizontal lines with their values, and the function from a value to its height."""
    span = HEIGHT - TOP - BOTTOM

    def height_of(value):
        return HEIGHT - BOTTOM - (value - bottom) / (top - bottom) * span

    marks = []
    for step in range(steps + 1):
        value = bottom + (top - bottom) * step / steps
        y = height_of(value)
        marks.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
                     'stroke="#ddd"/>')
        marks.append(text(LEFT - 8, y + 4, label(value), "end"))
    return height_of, marks


def bars(title, groups, series):
    """series: {name: [value of each group]}"""
    colours = colours_of(series)
    top = max(max(values) for values in series.values())
    step = 10 ** (len(str(int(top))) - 1)
    top = (int(top / step) + 1) * step
    height_of, body = axis(top, 0, 5, lambda value: f"{value:,.0f}")
    width = (WIDTH - LEFT - RIGHT) / len(groups)
    bar = width * 0.8 / len(series)
    for at, group in enumerate(groups):
        left = LEFT + width * (at + 0.1)
        body.append(text(left + width * 0.4, HEIGHT - BOTTOM + 20, group))
        for place, name in enumerate(colours):
            y = height_of(max(series[name][at], 0))
            body.append(f'<rect x="{left + bar * place:.1f}" y="{y:.1f}" width="{bar * 0.9:.1f}" '
                        f'height="{HEIGHT - BOTTOM - y:.1f}" fill="{colours[name]}">'
                        f"<title>{name}, {group}: {series[name][at]:+,.0f}</title></rect>")
    return frame(title, colours, body)


def lines(title, series):
    """series: {name: [(clients, ratio)]}"""
    colours = colours_of(series)
    clients = sorted({at for points in series.values() for at, _ in points})
    lowest = min(ratio for points in series.values() for _, ratio in points)
    bottom = min(0.9, int(lowest * 20) / 20)
    height_of, body = axis(1.05, bottom, round((1.05 - bottom) * 20), lambda value: f"{value:.2f}")
    width = (WIDTH - LEFT - RIGHT) / len(clients)

    def x_of(count):
        return LEFT + width * (clients.index(count) + 0.5)

    for count in clients:
        body.append(text(x_of(count), HEIGHT - BOTTOM + 20, f"{count} clients"))
    for name, colour in colours.items():
        points = " ".join(f"{x_of(count):.1f},{height_of(ratio):.1f}"
                          for count, ratio in sorted(series[name]))
        body.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2">'
                    f"<title>{name}</title></polyline>")
    return frame(title, colours, body)


def between(points, x):
    """The height of the line through the points, which are sorted."""
    for (left, low), (right, high) in zip(points, points[1:]):
        if left <= x <= right:
            return low + (high - low) * (x - left) / (right - left)
    return points[0][1] if x < points[0][0] else points[-1][1]


def curves(title, series, marks, unit):
    """series: {name: [(x, share of the best)]}; marks: {name: x}, each a point on its curve, of some of them."""
    colours = colours_of(series)
    most = max(x for points in series.values() for x, _ in points)
    height_of, body = axis(1.0, 0, 5, lambda value: f"{value:.0%}")

    def x_of(count):
        return LEFT + (WIDTH - LEFT - RIGHT) * count / most

    for count in range(0, most + 1, 5):
        body.append(text(x_of(count), HEIGHT - BOTTOM + 20, str(count)))
    body.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 40, unit))
    for name, colour in colours.items():
        points = sorted(series[name])
        line = " ".join(f"{x_of(x):.1f},{height_of(share):.1f}" for x, share in points)
        body.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2">'
                    f"<title>{name}</title></polyline>")
        if name not in marks:
            continue
        share = between(points, marks[name])
        body.append(f'<circle cx="{x_of(marks[name]):.1f}" cy="{height_of(share):.1f}" r="6" '
                    f'fill="white" stroke="{colour}" stroke-width="3">'
                    f"<title>{name}: {marks[name]} recommended</title></circle>")
    return frame(title, colours, body)


def powers_of_ten(values):
    """The exponents between which all values lie, and at least two."""
    lowest = math.floor(math.log10(min(values)))
    return lowest, max(math.ceil(math.log10(max(values))), lowest + 1)


def growth(title, series, unit):
    """series: {name: [(count, cost)]}, both above 0, on axes where what grows with the count rises by 45 degrees or less."""
    colours = colours_of(series)
    points_of_all = [point for points in series.values() for point in points]
    left, right = powers_of_ten([count for count, _ in points_of_all])
    bottom, top = powers_of_ten([cost for _, cost in points_of_all])
    height_of, body = axis(top, bottom, top - bottom, lambda power: f"{10 ** power:,.10g}")

    def x_of(power):
        return LEFT + (WIDTH - LEFT - RIGHT) * (power - left) / (right - left)

    for power in range(left, right + 1):
        body.append(text(x_of(power), HEIGHT - BOTTOM + 20, f"{10 ** power:,.10g}"))
    body.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 40, unit))
    for name, colour in colours.items():
        places = [(x_of(math.log10(count)), height_of(math.log10(cost))) for count, cost in sorted(series[name])]
        body.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}" fill="none" '
                    f'stroke="{colour}" stroke-width="2"><title>{name}</title></polyline>')
        for (x, y), (count, cost) in zip(places, sorted(series[name])):
            body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}">'
                        f"<title>{name}, {count:,}: {cost:,.3g}</title></circle>")
    return frame(title, colours, body)


def courses(title, series):
    """series: {name: [(second, value)]}, values from 0 on."""
    colours = dict(zip(series, itertools.cycle(COLOURS)))
    points_of_all = [point for points in series.values() for point in points] or [(1, 1)]
    last = max(second for second, _ in points_of_all)
    height_of, body = axis(max(value for _, value in points_of_all) or 1, 0, 5, lambda value: f"{value:,.3g}")

    def x_of(second):
        return LEFT + (WIDTH - LEFT - RIGHT) * second / last

    for part in range(6):
        body.append(text(x_of(last * part / 5), HEIGHT - BOTTOM + 20, f"{last * part / 5:,.0f} s"))
    for name, colour in colours.items():
        points = " ".join(f"{x_of(second):.1f},{height_of(value):.1f}" for second, value in sorted(series[name]))
        body.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5">'
                    f"<title>{name}</title></polyline>")
    return frame(title, colours, body)
