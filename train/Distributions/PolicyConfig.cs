using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>
/// What a policy's distribution over continuous actions is made of; discrete actions have one categorical distribution, whatever it says.
/// </summary>
public sealed record PolicyConfig : IValidatable
{
    /// <summary>Each state has standard deviations of its own: further outputs of the network.</summary>
    public const string StateScale = "state";

    /// <summary>One standard deviation for each dimension of an action, the same in every state: parameters of the network.</summary>
    public const string FreeScale = "free";

    /// <summary>Normal distributions, cut off at the bounds of the actions where they have any.</summary>
    public const string NoSquash = "none";

    /// <summary>Normal distributions sent through tanh and scaled to the bounds of the actions, which must be finite.</summary>
    public const string TanhSquash = "tanh";

    static readonly string[] Scales = [StateScale, FreeScale];
    static readonly string[] Squashes = [NoSquash, TanhSquash];

    /// <summary><c>state</c> or <c>free</c>: what standard deviations depend on. The default value is <c>state</c>.</summary>
    public string Scale { get; init; } = StateScale;

    /// <summary><c>none</c> or <c>tanh</c>: how actions are kept within their bounds. The default value is <c>none</c>.</summary>
    public string Squash { get; init; } = NoSquash;

    /// <summary>K: normal distributions that are mixed, from 1 to 64. The default value is 1.</summary>
    public int Mixture { get; init; } = 1;

    public IEnumerable<string> Validate()
    {
        if (!Scales.Contains(Scale))
            yield return $"scale is '{Scale}'; expected {string.Join(" or ", Scales)}.{NearestName.Hint(Scale, Scales)}";
        if (!Squashes.Contains(Squash))
            yield return $"squash is '{Squash}'; expected {string.Join(" or ", Squashes)}.{NearestName.Hint(Squash, Squashes)}";
        if (Mixture is < 1 or > 64)
            yield return $"mixture is {Mixture}; expected 1 to 64.";
    }
}
