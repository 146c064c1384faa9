using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>The controller of World Models (Ha and Schmidhuber 2018, section 2.4) as one row of numbers: scores = W x + b, or with hidden layers and relu between. Layer by layer, each row of weights behind the other, then the biases.</summary>
/// <param name="Inputs">Numbers of [z, h].</param>
/// <param name="Hidden">Widths between; none: linear.</param>
/// <param name="Actions">Discrete: the action of the highest score is taken. A box with finite bounds: tanh of the scores, over its range.</param>
sealed record ControllerShape(int Inputs, IReadOnlyList<int> Hidden, Space Actions)
{
    /// <summary>Scores: of each discrete action, or for each number of an action.</summary>
    public int Outputs => Actions is DiscreteSpace discrete ? discrete.Count : Actions.FlatSize;

    /// <summary>n: numbers of a controller.</summary>
    public int Count => Enumerable.Range(0, Widths.Length - 1).Sum(i => (Widths[i] + 1) * Widths[i + 1]);

    /// <summary>As a stored policy has it: of continuous actions the deviations, which only a sampled action needs, are parameters beside the controller's.</summary>
    public NetworkDescription Network => Actions is DiscreteSpace
        ? new() { Inputs = Inputs, Hidden = Hidden, Outputs = Outputs }
        : new() { Inputs = Inputs, Hidden = Hidden, Outputs = 2 * Outputs, FreeOutputs = Outputs };

    int[] Widths => [Inputs, .. Hidden, Outputs];

    /// <summary>Scores of a population, each controller on rows of its own.</summary>
    /// <param name="controllers">[P, n].</param>
    /// <param name="features">[P, S, Inputs].</param>
    /// <returns>[P, S, Outputs].</returns>
    public Tensor Scores(Tensor controllers, Tensor features)
    {
        var (x, at) = (features, 0L);
        for (var i = 0; i + 1 < Widths.Length; i++)
        {
            var (inputs, outputs) = (Widths[i], Widths[i + 1]);
            var weight = controllers.narrow(1, at, inputs * outputs).view(-1, outputs, inputs);
            var bias = controllers.narrow(1, at + (inputs * outputs), outputs).unsqueeze(1);
            x = bias.baddbmm(x, weight.transpose(1, 2));
            x = i + 2 < Widths.Length ? x.relu_() : x;
            at += (inputs + 1) * outputs;
        }

        return x;
    }

    /// <summary>Middle and half of the range of continuous actions, each [A]; null where they are discrete.</summary>
    public (Tensor Middle, Tensor Half)? Range(Device device) => Actions is not BoxSpace box ? null :
    (
        tensor([.. box.Low.Zip(box.High, (low, high) => (float)((low + high) / 2))], device: device),
        tensor([.. box.Low.Zip(box.High, (low, high) => (float)((high - low) / 2))], device: device)
    );

    /// <summary>Actions as a model reads them, of scores: [N, Outputs] to [N, A].</summary>
    /// <param name="scores">From <see cref="Scores"/>.</param>
    /// <param name="range">From <see cref="Range"/>.</param>
    public static Tensor Act(Tensor scores, (Tensor Middle, Tensor Half)? range) => range is { } box
        ? box.Middle.addcmul(scores.tanh(), box.Half, 1)
        : zeros_like(scores).scatter_(-1, scores.argmax(-1, keepdim: true), ones([scores.size(0), 1], device: scores.device));
}
