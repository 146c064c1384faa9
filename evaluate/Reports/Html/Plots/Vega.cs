using System.Text.Json;
using System.Text.Json.Nodes;

namespace OfflineRL.Evaluate;

/// <summary>
/// Specifications in Vega-Lite. Names from outside go into data values alone, never into expressions, field names, titles or scales, so that
/// whatever they hold is shown and nothing of it is run.
/// </summary>
static class Vega
{
    /// <summary>Height of one row of <see cref="Intervals"/>: its label above, its interval below.</summary>
    const int RowHeight = 40;

    /// <summary>Estimates with their intervals, one row each, the label above it, so that long names have the whole width.</summary>
    /// <param name="rows">From top to bottom.</param>
    /// <param name="axis">What is measured.</param>
    /// <param name="references">Values with a dashed line.</param>
    /// <param name="isShare">Whether the axis goes from 0 to 1.</param>
    public static JsonObject Intervals(IReadOnlyList<IntervalMark> rows, string axis, IReadOnlyList<double> references, bool isShare = false)
    {
        var values = new JsonArray([.. rows.Select((r, i) => (JsonNode)new JsonObject
        {
            ["row"] = i,
            ["label"] = r.Label,
            ["value"] = Number(r.Value),
            ["low"] = Number(r.Low ?? r.Value),
            ["high"] = Number(r.High ?? r.Value),
            ["color"] = r.Style.Color,
            ["fill"] = r.Hollow ? "var(--card)" : r.Style.Color,
            ["shape"] = r.Style.Shape,
        })]);
        return new JsonObject
        {
            ["height"] = RowHeight * Math.Max(1, rows.Count),
            ["data"] = Data(values),
            ["encoding"] = new JsonObject { ["y"] = new JsonObject { ["field"] = "row", ["type"] = "ordinal", ["axis"] = null, ["scale"] = Object("""{"type":"point","padding":0.5}""") } },
            ["layer"] = new JsonArray(
            [
                .. references.Select(reference => (JsonNode)new JsonObject
                {
                    ["data"] = Data([new JsonObject { ["at"] = Number(reference) }]),
                    ["mark"] = Object("""{"type":"rule","strokeDash":[5,4],"strokeWidth":1.5,"color":"var(--soft)"}"""),
                    ["encoding"] = new JsonObject { ["x"] = Axis("at"), ["y"] = null },
                }),
                Layer("""{"type":"rule","strokeWidth":3,"yOffset":8,"y2Offset":8}""", ("x", Axis("low")), ("x2", Field("high")), ("color", AsIs("color"))),
                Layer("""{"type":"point","size":90,"strokeWidth":2,"opacity":1,"yOffset":8}""", ("x", Axis("value")), ("stroke", AsIs("color")), ("fill", AsIs("fill")), ("shape", AsIs("shape")), ("tooltip", Tips("label", "value", "low", "high"))),
                Labels(),
            ]),
        };

        JsonObject Axis(string field)
        {
            var x = Quantity(field, axis);
            if (isShare)
                x["scale"] = Object("""{"domain":[0,1]}""");
            return x;
        }
    }

    /// <summary>Lines, with bands where a point has an interval.</summary>
    /// <param name="series">Each with its points by x.</param>
    /// <param name="xAxis">What x is.</param>
    /// <param name="yAxis">What y is.</param>
    /// <param name="references">Values of y with a dashed line.</param>
    /// <param name="interpolate"><c>linear</c>, or <c>step-after</c> for distributions.</param>
    /// <param name="logarithmic">Whether the axis of y is; every number is above 0 then.</param>
    public static JsonObject Lines(IReadOnlyList<LineSeries> series, string xAxis, string yAxis, IReadOnlyList<double> references, string interpolate = "linear", bool logarithmic = false)
    {
        var values = new JsonArray([.. series.SelectMany((s, i) => s.Points.Select(p => (JsonNode)new JsonObject
        {
            ["series"] = i,
            ["name"] = s.Name,
            ["x"] = Number(p.X),
            ["y"] = Number(p.Y),
            ["low"] = Number(p.Low ?? p.Y),
            ["high"] = Number(p.High ?? p.Y),
            ["color"] = s.Style.Color,
            ["shape"] = s.Style.Shape,
        }))]);
        var mark = new JsonObject { ["type"] = "area", ["opacity"] = 0.16, ["interpolate"] = interpolate };
        var few = series.Max(s => s.Points.Count) <= 25;
        return new JsonObject
        {
            ["height"] = 220,
            ["data"] = Data(values),
            ["encoding"] = new JsonObject { ["x"] = Quantity("x", xAxis), ["detail"] = Field("series") },
            ["layer"] = new JsonArray(
            [
                .. references.Select(reference => (JsonNode)new JsonObject
                {
                    ["data"] = Data([new JsonObject { ["at"] = Number(reference) }]),
                    ["mark"] = Object("""{"type":"rule","strokeDash":[5,4],"strokeWidth":1.5,"color":"var(--soft)"}"""),
                    ["encoding"] = new JsonObject { ["x"] = null, ["y"] = Y("at") },
                }),
                Layer(mark, ("y", Y("low")), ("y2", Field("high")), ("color", AsIs("color"))),
                .. series.Select((s, i) => (JsonNode)new JsonObject
                {
                    // A layer for each: dashes are a property of the mark.
                    ["transform"] = new JsonArray(new JsonObject { ["filter"] = new JsonObject { ["field"] = "series", ["equal"] = i } }),
                    ["mark"] = new JsonObject { ["type"] = "line", ["strokeWidth"] = 2, ["strokeDash"] = Numbers(s.Style.Dash), ["interpolate"] = interpolate },
                    ["encoding"] = new JsonObject { ["y"] = Y("y"), ["color"] = AsIs("color") },
                }),
                .. few ? new[] { Layer("""{"type":"point","size":45,"filled":true,"opacity":1}""", ("y", Y("y")), ("color", AsIs("color")), ("shape", AsIs("shape")), ("tooltip", Tips("name", "x", "y", "low", "high"))) } : [],
            ]),
        };

        JsonObject Y(string field)
        {
            var y = Quantity(field, yAxis);
            if (logarithmic)
                y["scale"] = Object("""{"type":"log","nice":true}""");
            return y;
        }
    }

    /// <summary>Bars over intervals of a number.</summary>
    public static JsonObject Histogram(IReadOnlyList<(double Low, double High, double Count)> bins, string axis, string counted, SeriesStyle style) => new()
    {
        ["height"] = 170,
        ["data"] = Data([.. bins.Select(b => (JsonNode)new JsonObject { ["low"] = Number(b.Low), ["high"] = Number(b.High), ["count"] = Number(b.Count), ["zero"] = 0 })]),
        ["mark"] = new JsonObject { ["type"] = "rect", ["color"] = style.Color, ["stroke"] = "var(--card)", ["strokeWidth"] = 1 },
        ["encoding"] = new JsonObject
        {
            ["x"] = Quantity("low", axis),
            ["x2"] = Field("high"),
            ["y"] = new JsonObject { ["field"] = "count", ["type"] = "quantitative", ["title"] = counted, ["axis"] = Object("""{"tickCount":4}"""), ["scale"] = Object("""{"zero":true,"nice":true}""") },
            ["y2"] = Field("zero"),
            ["tooltip"] = Tips("low", "high", "count"),
        },
    };

    /// <summary>One bar a row, from zero, the label above it.</summary>
    /// <param name="rows">Label, value and style, from top to bottom.</param>
    /// <param name="axis">What is measured.</param>
    /// <param name="references">Values with a dashed line.</param>
    /// <param name="logarithmic">Whether the axis is; then from the power of ten below the least value.</param>
    public static JsonObject Bars(IReadOnlyList<(string Label, double Value, SeriesStyle Style)> rows, string axis, IReadOnlyList<double> references, bool logarithmic = false)
    {
        var least = rows.Select(r => r.Value).Concat(references).Where(v => v > 0).DefaultIfEmpty(1).Min();
        var floor = logarithmic ? Math.Pow(10, Math.Floor(Math.Log10(least)) - (Math.Log10(least) % 1 == 0 ? 1 : 0)) : 0;
        return new JsonObject
        {
            ["height"] = RowHeight * Math.Max(1, rows.Count),
            ["data"] = Data([.. rows.Select((r, i) => (JsonNode)new JsonObject { ["row"] = i, ["label"] = r.Label, ["value"] = Number(logarithmic ? Math.Max(r.Value, floor) : r.Value), ["from"] = floor, ["color"] = r.Style.Color })]),
            ["encoding"] = new JsonObject { ["y"] = new JsonObject { ["field"] = "row", ["type"] = "ordinal", ["axis"] = null, ["scale"] = Object("""{"type":"point","padding":0.5}""") } },
            ["layer"] = new JsonArray(
            [
                Layer("""{"type":"rule","strokeWidth":11,"yOffset":8,"y2Offset":8}""", ("x", Axis("value")), ("x2", Field("from")), ("color", AsIs("color")), ("tooltip", Tips("label", "value"))),
                .. references.Select(reference => (JsonNode)new JsonObject
                {
                    ["data"] = Data([new JsonObject { ["at"] = Number(reference) }]),
                    ["mark"] = Object("""{"type":"rule","strokeDash":[5,4],"strokeWidth":1.5,"color":"var(--soft)"}"""),
                    ["encoding"] = new JsonObject { ["x"] = Axis("at"), ["y"] = null },
                }),
                Labels(),
            ]),
        };

        JsonObject Axis(string field)
        {
            var x = Quantity(field, axis);
            x["scale"] = logarithmic ? new JsonObject { ["type"] = "log", ["domainMin"] = floor, ["nice"] = true } : new JsonObject { ["zero"] = true, ["domainMin"] = 0, ["nice"] = true };
            return x;
        }
    }

    /// <summary>The labels of rows; the page's style puts the card's color around them where a line of the grid goes through.</summary>
    static JsonObject Labels() => Layer(
        """{"type":"text","align":"left","baseline":"middle","fontSize":12,"color":"var(--ink)","yOffset":-9,"limit":{"expr":"width"}}""",
        ("x", new JsonObject { ["value"] = 0 }),
        ("text", Field("label")));

    static JsonObject Data(JsonArray values) => new() { ["values"] = values };

    static JsonObject Field(string name) => new() { ["field"] = name };

    /// <summary>The value is the color, the shape: no scale stands between.</summary>
    static JsonObject AsIs(string name) => new() { ["field"] = name, ["type"] = "nominal", ["scale"] = null, ["legend"] = null };

    static JsonObject Quantity(string field, string title) => new()
    {
        ["field"] = field,
        ["type"] = "quantitative",
        ["title"] = title,
        ["scale"] = Object("""{"zero":false,"nice":true}"""),
        ["axis"] = Object("""{"tickCount":5}"""),
    };

    static JsonArray Tips(params string[] fields) => new([.. fields.Select(f => (JsonNode)new JsonObject { ["field"] = f, ["type"] = f is "label" or "name" ? "nominal" : "quantitative" })]);

    static JsonObject Layer(string mark, params (string Channel, JsonNode Definition)[] encoding) => Layer(Object(mark), encoding);

    static JsonObject Layer(JsonObject mark, params (string Channel, JsonNode Definition)[] encoding) => new JsonObject
    {
        ["mark"] = mark,
        ["encoding"] = new JsonObject(encoding.Select(e => KeyValuePair.Create(e.Channel, (JsonNode?)e.Definition))),
    };

    static JsonArray Numbers(IEnumerable<int> values) => new([.. values.Select(v => (JsonNode)v)]);

    // Seven digits are more than a screen shows, and keep the page small. What JSON has no digits for is left out of the plot.
    static JsonValue? Number(double value) => !double.IsFinite(value) ? null : JsonValue.Create(value == 0 ? 0 : double.Parse(value.ToString("G7", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture));

    static JsonObject Object(string json) => JsonSerializer.Deserialize<JsonObject>(json)!;
}

/// <summary>One row of a plot of intervals.</summary>
/// <param name="Label">Shown above it.</param>
/// <param name="Value">The estimate.</param>
/// <param name="Low">Lower end; null where there is no interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="Style">How it is drawn.</param>
/// <param name="Hollow">For what is to be read with care: optimistic, or not to be trusted.</param>
sealed record IntervalMark(string Label, double Value, double? Low, double? High, SeriesStyle Style, bool Hollow = false);

/// <summary>A line and its points by x; low and high are null where there is no interval.</summary>
sealed record LineSeries(string Name, SeriesStyle Style, IReadOnlyList<(double X, double Y, double? Low, double? High)> Points);
