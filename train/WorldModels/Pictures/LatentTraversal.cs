using System.Globalization;
using OfflineRL.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>
/// What the variables of a latent state stand for: the state of one held-out observation, decoded with one variable after the other moved and everything else as it is. Numbers go through what they do over the
/// held-out states, from three deviations below their mean to three above; variables of classes through their classes.
/// </summary>
/// <param name="Features">The space of what the model reads.</param>
/// <param name="Seen">The held-out observations: with what is decoded they decide how long bars are.</param>
/// <param name="State">The observation that is moved, decoded from its own code.</param>
/// <param name="Sweeps">Those that say most of the held-out states, first.</param>
public sealed record LatentTraversal(Space Features, IReadOnlyList<float[]> Seen, float[] State, IReadOnlyList<LatentSweep> Sweeps)
{
    /// <summary>Name of the file in a model's folder.</summary>
    public const string File = "traversal.png";

    const int MostVariables = 8, MostClasses = 32, Deviations = 3;

    /// <summary>Moves and decodes; waits for the device.</summary>
    /// <param name="model">A model; nothing of it changes.</param>
    /// <param name="features">The space of what it reads.</param>
    /// <param name="observations">[N, D]: held-out observations.</param>
    /// <param name="latents">[N, Z]: what the model makes of them, by means and modes.</param>
    /// <returns>Null where there is nothing to move: the state is the observation itself, or its code says the same of all observations.</returns>
    public static LatentTraversal? Of(IWorldModel model, Space features, Tensor observations, Tensor latents)
    {
        if (model.Code is not { } code)
            return null;
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var codes = latents.narrow(1, code.First, code.Variables * code.Classes).cpu().to(ScalarType.Float64).unflatten(1, code.Variables, code.Classes);
        var said = code.Classes == 1 ? codes.std(0, unbiased: false).squeeze(-1) : Entropy(codes.mean([0]));
        var spreads = said.contiguous().data<double>().ToArray();
        int[] chosen = [.. Enumerable.Range(0, code.Variables).Where(v => spreads[v] > 0).OrderByDescending(v => spreads[v]).Take(MostVariables)];
        if (chosen.Length == 0)
            return null;
        // Neither the first nor the last of them, which are of the first and the last episode.
        var state = latents[latents.size(0) / 2];
        var moved = new List<Tensor> { state };
        foreach (var variable in chosen)
        {
            var first = code.First + (variable * code.Classes);
            if (code.Classes == 1)
            {
                var mean = codes.select(1, variable).mean().ToDouble();
                for (var step = -Deviations; step <= Deviations; step++)
                    moved.Add(With(state, first, full([1], (float)(mean + (step * spreads[variable])), device: state.device)));
                continue;
            }

            for (var c = 0; c < Math.Min(code.Classes, MostClasses); c++)
            {
                var hot = zeros([code.Classes], device: state.device);
                hot[c].fill_(1);
                moved.Add(With(state, first, hot));
            }
        }

        var decoded = PictureGrid.Rows(model.Decode(stack(moved)));
        var each = (decoded.Length - 1) / chosen.Length;
        return new(features, PictureGrid.Rows(observations), decoded[0], [.. chosen.Select((v, i) => new LatentSweep(v, code.Classes, spreads[v], decoded[(1 + (i * each))..(1 + ((i + 1) * each))]))]);
    }

    /// <summary>One row for each variable, the state as it is before them.</summary>
    public Canvas Strip() => PictureGrid.Draw(
        new FeaturePainter(Features, [.. Seen, State, .. Sweeps.SelectMany(sweep => sweep.Pictures)]),
        ["state", .. Sweeps[0].Classes == 1
            ? Enumerable.Range(-Deviations, (2 * Deviations) + 1).Select(step => step == 0 ? "mean" : string.Create(CultureInfo.InvariantCulture, $"{step:+0;-0} sd"))
            : Enumerable.Range(0, Sweeps[0].Pictures.Count).Select(c => string.Create(CultureInfo.InvariantCulture, $"class {c}"))],
        [.. Sweeps.Select(sweep => new GridRow(
            [string.Create(CultureInfo.InvariantCulture, $"z {sweep.Variable}"), string.Create(CultureInfo.InvariantCulture, $"{(sweep.Classes == 1 ? "sd " : "")}{sweep.Spread:0.00}{(sweep.Classes == 1 ? "" : " nats")}")],
            [State, .. sweep.Pictures]))]);

    /// <summary>Writes the file.</summary>
    /// <param name="folder">Has none of its name.</param>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public void Write(string folder) => PngFile.Write(Path.Combine(folder, File), Strip());

    static Tensor With(Tensor state, int first, Tensor values)
    {
        var moved = state.clone();
        moved.narrow(0, first, values.size(0)).copy_(values);
        return moved;
    }

    // [V, C] to [V], in nats; of classes that never occur nothing.
    static Tensor Entropy(Tensor shares) => shares.mul(shares.clamp_min(1e-30).log()).sum(-1).neg();
}

/// <summary>One variable, moved.</summary>
/// <param name="Variable">Its number among the variables of the code, from 0.</param>
/// <param name="Classes">1: a number.</param>
/// <param name="Spread">How much it says of the held-out states: the deviation of a number's means, or the entropy of its classes in nats.</param>
/// <param name="Pictures">[D] each, decoded.</param>
public sealed record LatentSweep(int Variable, int Classes, double Spread, IReadOnlyList<float[]> Pictures);
