using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>What models of several members have in common.</summary>
static class Ensemble
{
    /// <summary>How far members are apart: the standard deviation of their means, root mean square over dimensions. [K, N, W] to [N].</summary>
    /// <param name="means">Of each member's prediction; of categorical variables the probabilities.</param>
    // The gradient of a root at 0 is infinite. Not by var: over the first axis it goes from number to number on the CPU.
    public static Tensor Deviation(Tensor means) => means.sub(means.mean([0L])).square().mean([0L]).mean([-1]).add(1e-12).sqrt();

    /// <summary>A member for each of N rows, drawn uniformly (Chua et al. 2018, "PETS", trajectory sampling TS1).</summary>
    /// <param name="members">K.</param>
    /// <param name="rows">N.</param>
    /// <param name="generator">On the device.</param>
    /// <param name="device">Where.</param>
    /// <returns>[N] int64.</returns>
    public static Tensor Draw(int members, long rows, Generator generator, Device device) =>
        rand(rows, device: device, generator: generator).mul(members).floor().clamp_max(members - 1).to(ScalarType.Int64);

    /// <summary>Each row as its member has it: [K, N, W] to [N, W].</summary>
    /// <param name="values">Of all members.</param>
    /// <param name="members">[N], from <see cref="Draw"/>.</param>
    public static Tensor Of(Tensor values, Tensor members) => values.gather(0, members.view(1, -1, 1).expand(1, values.size(1), values.size(2))).select(0, 0);
}
