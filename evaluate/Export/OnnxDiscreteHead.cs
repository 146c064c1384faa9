using System.Runtime.InteropServices;
using OfflineRL.Datasets;
using OfflineRL.Train;
using DataType = OfflineRL.Evaluate.Onnx.TensorProto.Types.DataType;

namespace OfflineRL.Evaluate;

/// <summary>Scores to a distribution over discrete actions, as <see cref="LearnedPolicy"/> makes it: mask, filter, temperature, a share of uniform actions.</summary>
static class OnnxDiscreteHead
{
    /// <summary>What the graph calls the mask.</summary>
    public const string Mask = "action_mask";

    /// <summary>The mask: an input where the policy learned with one, or nobody knows; else a constant that allows everything.</summary>
    public static string MaskOf(OnnxGraph graph, PolicyDescription policy)
    {
        var actions = ((DiscreteSpace)policy.ActionSpace).Count;
        if (policy.HasActionMask != false)
            return graph.Input(Mask, DataType.Bool, "true where the action is allowed, at least one in each row", -1, actions);
        bool[] all = [.. Enumerable.Repeat(true, actions)];
        return graph.Constant("every_action", DataType.Bool, MemoryMarshal.AsBytes(all.AsSpan()), [1, actions]);
    }

    /// <summary>Writes the outputs.</summary>
    /// <param name="graph">Gets the operators.</param>
    /// <param name="policy">Whose temperature, epsilon and filter are taken.</param>
    /// <param name="scores">[B, A].</param>
    /// <param name="imitation">[B, A] logits of the filter's network; null where there is none.</param>
    /// <param name="mask">[B or 1, A].</param>
    public static void Write(OnnxGraph graph, PolicyDescription policy, string scores, string? imitation, string mask)
    {
        var actions = ((DiscreteSpace)policy.ActionSpace).Count;
        var never = graph.Scalar("never", double.NegativeInfinity);
        var allowed = graph.Node("Where", [mask, scores, never]);
        if (imitation is not null)
            allowed = graph.Node("Where", [Like(graph, imitation, mask, never, policy.Filter!.Threshold), allowed, never]);

        var action = graph.Node("ArgMax", [allowed], OnnxGraph.Int("axis", 1), OnnxGraph.Int("keepdims", 0));
        var probabilities = policy.Temperature == 0
            ? graph.OneHot(action, actions)
            : Softmax(graph, allowed, policy.Temperature);
        if (policy.Epsilon > 0)
            probabilities = Mix(graph, probabilities, mask, policy.Epsilon);

        graph.Output("action", DataType.Int64, action, "the likeliest action, of equals the first", -1);
        graph.Output("probabilities", DataType.Float, probabilities, "of each action, which the policy draws from", -1, actions);
        graph.Output("scores", DataType.Float, scores, "what the network gives each action, before mask, filter and temperature", -1, actions);
    }

    // softmax(scores / temperature), the highest score taken off first so that nothing overflows.
    static string Softmax(OnnxGraph graph, string scores, double temperature)
    {
        var below = graph.Node("Sub", [scores, Highest(graph, scores)]);
        var cold = temperature == 1 ? below : graph.Node("Div", [below, graph.Scalar("temperature", temperature)]);
        return graph.Node("Softmax", [cold], OnnxGraph.Int("axis", -1));
    }

    // Where the logarithm of an action's share of the likeliest allowed one's probability is above that of the threshold.
    static string Like(OnnxGraph graph, string logits, string mask, string never, double threshold)
    {
        var highest = Highest(graph, graph.Node("Where", [mask, logits, never]));
        return graph.Node("Greater", [graph.Node("Sub", [logits, highest]), graph.Scalar("margin", Math.Log(threshold))]);
    }

    static string Mix(OnnxGraph graph, string probabilities, string mask, double epsilon)
    {
        var ones = graph.Cast(mask, DataType.Float);
        var count = graph.Node("ReduceSum", [ones, graph.Longs("axes", -1)], OnnxGraph.Int("keepdims", 1));
        var uniform = graph.Node("Mul", [graph.Node("Div", [ones, count]), graph.Scalar("epsilon", epsilon)]);
        return graph.Node("Add", [graph.Node("Mul", [probabilities, graph.Scalar("rest", 1 - epsilon)]), uniform]);
    }

    static string Highest(OnnxGraph graph, string scores) => graph.Node("ReduceMax", [scores], OnnxGraph.Ints("axes", 1), OnnxGraph.Int("keepdims", 1));
}
