using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

static partial class Throw
{
    public static UserErrorException PolicyOption(string spec, string option) =>
        new($"Built-in policy '{spec}': '{option}' is not understood; expected epsilon=E with E from 0 to 1, or noise=S with S above 0 up to {GaussianNoisePolicy.MaxNoise}, each once and joined by '&', for example scripted?epsilon=0.2.");

    public static UserErrorException UniformNeedsBounds(BoxSpace actions, int dimension) =>
        new(string.Create(
            CultureInfo.InvariantCulture,
            $"There is no uniform policy over actions {actions}: dimension {dimension} lies between {actions.Low[dimension]} and {actions.High[dimension]}; expected finite bounds with low below high."));

    public static UserErrorException NoiseNeedsController(string spec, IPolicy policy) =>
        new($"Built-in policy '{spec}': noise goes around a deterministic policy of continuous actions; '{policy.Name}' (actions {policy.ActionSpace}) is none. Leave noise out, or use epsilon=E.");

    public static UserErrorException MixtureNeedsDensity(IPolicy policy) =>
        new($"Policy '{policy.Name}' is deterministic over continuous actions {policy.ActionSpace}: mixed with the uniform policy it would have no density. Put noise around it first, for example {policy.Name}?noise=0.2&epsilon=0.1.");

    public static UserErrorException MixtureNeedsNoMemory(IPolicy policy) =>
        new($"Policy '{policy.Name}' has continuous actions and keeps a memory within an episode that cannot be copied; epsilon can be put around one without, or whose memory holds what it did.");

    public static ArgumentException NotDeterministic(IPolicy policy) =>
        new($"Policy '{policy.Name}' draws its actions or keeps a memory; noise goes around a deterministic one without.");

    public static ArgumentException NotContinuous(IPolicy policy) =>
        new($"Policy '{policy.Name}' has actions {policy.ActionSpace}; a mixture of densities needs continuous ones.");
}
