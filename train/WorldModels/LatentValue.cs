using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>The critic of a dreaming learner as a stored model has it.</summary>
/// <param name="Network">From a latent state to v, or to the atoms of a two-hot head.</param>
/// <param name="IsTwoHot">Whether outputs are logits of atoms.</param>
/// <param name="Discount">gamma that it learned with.</param>
public sealed record LatentValueDescription(NetworkDescription Network, bool IsTwoHot, double Discount)
{
    internal const string Prefix = "value.";

    /// <summary>What is wrong with it for a model whose states have <paramref name="latentWidth"/> numbers; null: nothing.</summary>
    internal string? Fault(int latentWidth) => PolicyNetwork.Fault(Network)
        ?? (Network.Inputs != latentWidth ? FormattableString.Invariant($"value.network reads {Network.Inputs} numbers of a state of {latentWidth}")
        : Network.LayerOutputs != Network.Outputs || Network.FreeOutputs > 0 || Network.Outputs != (IsTwoHot ? DreamActorCritic.Atoms : 1) ? FormattableString.Invariant($"value.network has {Network.Outputs} outputs")
        : Discount is >= 0 and <= 1 ? null : FormattableString.Invariant($"value.discount is {Discount}"));
}

/// <summary>What latent states are worth to the policy that was learned in dreams: what a plan through them is worth beyond its last step.</summary>
/// <param name="description">Checked by <see cref="LatentValueDescription.Fault"/>.</param>
/// <param name="device">Where the model lies.</param>
public sealed class LatentValue(LatentValueDescription description, Device device) : IDisposable
{
    readonly Network _network = new(description.Network, RandomStream.Create(0, "stored"), device);

    /// <summary>gamma that it learned with.</summary>
    public double Discount => description.Discount;

    /// <summary>v(z): [N, Z] to [N], with its graph.</summary>
    public Tensor Of(Tensor latents)
    {
        var heads = _network.Forward(latents);
        return description.IsTwoHot ? DreamLosses.TwoHotMean(heads, DreamActorCritic.LowAtom, DreamActorCritic.HighAtom) : heads.squeeze(-1);
    }

    /// <summary>As files name them.</summary>
    internal IEnumerable<NamedTensor> NamedTensors() => _network.NamedTensors(LatentValueDescription.Prefix);

    public void Dispose() => _network.Dispose();
}
