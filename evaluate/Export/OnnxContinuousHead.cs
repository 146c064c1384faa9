using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Losses;
using DataType = OfflineRL.Evaluate.Onnx.TensorProto.Types.DataType;

namespace OfflineRL.Evaluate;

/// <summary>
/// Heads to a distribution over continuous actions, as the policy acts by it: normal distributions cut off at the bounds, or sent through tanh, or a mixture of them.
/// </summary>
/// <param name="graph">Gets the operators.</param>
/// <param name="policy">Of continuous actions.</param>
sealed class OnnxContinuousHead(OnnxGraph graph, PolicyDescription policy)
{
    // As the policy cuts deviations off: wider than this times the bounds, most draws would miss them.
    const double WidestDeviation = 10;

    readonly BoxSpace _actions = (BoxSpace)policy.ActionSpace;
    readonly ActionUnits _units = policy.ActionUnits!;
    readonly PolicyConfig _head = policy.ActionHead ?? new();

    /// <summary>What <c>mean</c> and <c>log_std</c> are of.</summary>
    public string Distribution => _head.Squash == PolicyConfig.TanhSquash ? "tanh_normal" : "truncated_normal";

    int Width => _actions.FlatSize;

    /// <summary>Writes the outputs.</summary>
    /// <param name="heads">[B, outputs]: a mixture's logits, means, logarithms of deviations.</param>
    public void Write(string heads)
    {
        var (mixture, tanh) = (_head.Mixture, Distribution == "tanh_normal");
        var (size, first) = (mixture * Width, mixture > 1 ? mixture : 0);
        var means = graph.Columns(heads, first, first + size);
        if (mixture > 1)
            means = graph.Reshape(means, -1, mixture, Width);
        if (!tanh)
            means = Middle(means);
        var logits = mixture > 1 ? graph.Columns(heads, 0, mixture) : null;

        var action = logits is null ? means : Likeliest(logits, means);
        graph.Output("action", DataType.Float, tanh ? Squash(action) : action, "the distribution's center, of a mixture that of the likeliest component; within the bounds", -1, Width);
        long[] shape = mixture > 1 ? [-1, mixture, Width] : [-1, Width];
        graph.Output("mean", DataType.Float, means, tanh ? "of the normal distribution before the tanh" : "of the normal distribution that is cut off at the bounds", shape);
        if (logits is not null)
            graph.Output("weights", DataType.Float, graph.Node("Softmax", [logits], OnnxGraph.Int("axis", -1)), "of the mixture's components", -1, mixture);
        // At temperature 0 the center is taken, and nothing is drawn.
        if (policy.Temperature > 0)
        {
            var logs = graph.Columns(heads, first + size, first + (2 * size));
            graph.Output("log_std", DataType.Float, LogDeviation(mixture > 1 ? graph.Reshape(logs, -1, mixture, Width) : logs, tanh), "natural logarithm of its standard deviation", shape);
        }
    }

    // Of the component with the largest logit: its row of the means.
    string Likeliest(string logits, string means)
    {
        var best = graph.Node("ArgMax", [logits], OnnxGraph.Int("axis", 1), OnnxGraph.Int("keepdims", 0));
        var one = graph.OneHot(best, _head.Mixture);
        return graph.Sum(graph.Node("Mul", [means, graph.Reshape(one, -1, _head.Mixture, 1)]), 1);
    }

    // shift + scale mean, softly or hard within the bounds.
    string Middle(string means)
    {
        var center = Affine(means, "units", _units.Scale, _units.Shift);
        var within = policy.ActionHead is null ? center : Within(center);
        return Clip(within);
    }

    string Squash(string mean)
    {
        var half = _actions.Low.Zip(_actions.High, (low, high) => (high - low) / 2);
        var middle = _actions.Low.Zip(_actions.High, (low, high) => (high + low) / 2);
        return Clip(Affine(graph.Node("Tanh", [mean]), "bounds", half, middle));
    }

    // Soft limits by the kind of bounds that a dimension has: both, one, or none.
    string Within(string center)
    {
        var kinds = Enumerable.Range(0, Width).Select(d => (double.IsFinite(_actions.Low[d]), double.IsFinite(_actions.High[d]))).ToList();
        var limited = center;
        foreach (var kind in kinds.Distinct().Where(kind => kind != (false, false)))
        {
            var (low, high) = (Chosen(_actions.Low, kind), Chosen(_actions.High, kind));
            var result = kind switch
            {
                (true, true) => Between(center, low, high),
                (true, false) => Beyond(center, low, 1),
                _ => Beyond(center, high, -1),
            };
            limited = kinds.All(k => k == kind) ? result : graph.Node("Where", [Is(kind), result, limited]);
        }

        return limited;

        // Bounds of the other dimensions are not looked at; 0 and 1 keep them finite.
        double[] Chosen(IReadOnlyList<double> bounds, (bool, bool) kind) => [.. bounds.Select((bound, d) => kinds[d] == kind ? bound : ReferenceEquals(bounds, _actions.Low) ? 0 : 1)];

        string Is((bool, bool) kind) => graph.Constant("has_bounds", DataType.Bool, kinds.Select(k => (byte)(k == kind ? 1 : 0)).ToArray(), [Width]);
    }

    // m + h tanh((x - m) / h).
    string Between(string x, IReadOnlyList<double> low, IReadOnlyList<double> high)
    {
        var half = low.Zip(high, (l, h) => (h - l) / 2).ToArray();
        var middle = low.Zip(high, (l, h) => (h + l) / 2).ToArray();
        var unit = graph.Node("Div", [graph.Node("Sub", [x, Vector("middle", middle)]), Vector("half", half)]);
        return Affine(graph.Node("Tanh", [unit]), "limits", half, middle);
    }

    // bound + sign scale softplus(sign (x - bound) / scale).
    string Beyond(string x, IReadOnlyList<double> bound, int sign)
    {
        var scale = Vector("softness", _units.Scale.Select(s => s * sign));
        var above = graph.Node("Div", [graph.Node("Sub", [x, Vector("bound", bound)]), scale]);
        return graph.Node("Add", [graph.Node("Mul", [graph.Node("Softplus", [above]), scale]), Vector("bound", bound)]);
    }

    string LogDeviation(string logs, bool tanh)
    {
        const double lowest = GaussianLosses.LowestLogDeviation, highest = GaussianLosses.HighestLogDeviation;
        var limited = policy.ActionHead is null
            ? graph.Node("Clip", [logs, graph.Scalar("lowest", lowest), graph.Scalar("highest", highest)])
            : Between(logs, [.. Enumerable.Repeat(lowest, Width)], [.. Enumerable.Repeat(highest, Width)]);
        var unit = tanh ? Enumerable.Repeat(1.0, Width) : _units.Scale;
        var scaled = graph.Node("Add", [limited, Vector("log_unit", unit.Select(u => Math.Log(u * policy.Temperature)))]);
        return tanh ? scaled : graph.Node("Min", [scaled, Vector("widest", _actions.Low.Zip(_actions.High, (low, high) => Math.Log(WidestDeviation * (high - low))))]);
    }

    string Clip(string x) => graph.Node("Max", [graph.Node("Min", [x, Vector("high", _actions.High)]), Vector("low", _actions.Low)]);

    string Affine(string x, string name, IEnumerable<double> scale, IEnumerable<double> shift) =>
        graph.Node("Add", [graph.Node("Mul", [x, Vector($"{name}_scale", scale)]), Vector($"{name}_shift", shift)]);

    string Vector(string name, IEnumerable<double> values) => graph.Floats(name, values.Select(v => (float)v).ToArray());
}
