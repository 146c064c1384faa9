using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>
/// A table as a stored policy: a dense layer without hidden ones over the one-hot state is that table, so whatever runs or exports
/// policies runs this one, and no library is needed to write it.
/// </summary>
/// <remarks>
/// Beside the layer (float32, [A, S]) the file holds <c>action_values</c> [S, A] and <c>state_values</c> [S] in float64, where the method
/// has them, and <c>mdp.npz</c> beside it the MDP that was made of the log, which <c>tables:PATH</c> opens as an environment.
/// </remarks>
static class TabularPolicyFile
{
    /// <summary>The score of an action that is never taken. It is far below every other, and no chance is left to it.</summary>
    public const float Never = -1e30f;

    /// <summary>What the file calls the layer's weights.</summary>
    public const string WeightName = "layers.0.weight";

    const string ModelFile = "mdp.npz";

    /// <summary>The network that reads the table.</summary>
    public static NetworkDescription Network(int states, int actions) => new() { Inputs = states, Hidden = [], Outputs = actions };

    /// <summary>Writes weights, values and model into the folder of a policy.</summary>
    /// <param name="folder">Exists, without them.</param>
    /// <param name="solution">Finite but for the NaN of actions that are never taken.</param>
    /// <param name="states">S.</param>
    /// <param name="actions">A.</param>
    public static void Write(string folder, TabularSolution solution, int states, int actions)
    {
        var weights = Weights(solution, states, actions);
        var tensors = new List<SafetensorSource>
        {
            new(WeightName, "F32", [actions, states], () => MemoryMarshal.AsBytes(weights.AsSpan())),
            new("layers.0.bias", "F32", [actions], () => MemoryMarshal.AsBytes(new float[actions].AsSpan())),
        };
        if (solution.ActionValues is { } q)
            tensors.Add(new("action_values", "F64", [states, actions], () => MemoryMarshal.AsBytes(q.AsSpan())));
        if (solution.StateValues is { } v)
            tensors.Add(new("state_values", "F64", [states], () => MemoryMarshal.AsBytes(v.AsSpan())));
        Safetensors.Write(Path.Combine(folder, PolicyDescription.WeightsFileName), tensors);
        if (solution.Model is { } model)
            TabularFiles.WriteNpz(model, Path.Combine(folder, ModelFile));
    }

    /// <summary>[A, S]: the weights of the layer.</summary>
    public static float[] Weights(TabularSolution solution, int states, int actions)
    {
        var weights = new float[states * actions];
        for (var s = 0; s < states; s++)
        {
            var row = Row(solution.Scores.AsSpan(s * actions, actions));
            for (var a = 0; a < actions; a++)
                weights[(a * states) + s] = row[a];
        }

        return weights;
    }

    // Rounding to float32 makes equals of what was not; the best action stays the first of the highest.
    static float[] Row(ReadOnlySpan<double> scores)
    {
        var row = new float[scores.Length];
        var best = -1;
        for (var a = 0; a < row.Length; a++)
        {
            row[a] = double.IsNaN(scores[a]) ? Never : (float)scores[a];
            if (!double.IsNaN(scores[a]) && (best < 0 || scores[a] > scores[best]))
                best = a;
        }

        for (var a = 0; a < best; a++)
        {
            if (row[a] >= row[best])
                row[a] = MathF.BitDecrement(row[best]);
        }

        return row;
    }
}
