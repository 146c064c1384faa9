namespace OfflineRL.Datasets;

/// <summary>What a reward becomes for the learner: <c>clip((reward - shift) * scale)</c>. What is stored, and what is reported, stays as it was.</summary>
/// <param name="Shift">Subtracted first.</param>
/// <param name="Scale">Multiplied by.</param>
/// <param name="Clip">Largest size after that; infinity: no limit.</param>
public sealed record RewardTransform(double Shift, double Scale, double Clip)
{
    public static RewardTransform Identity { get; } = new(0, 1, double.PositiveInfinity);

    public double Apply(double reward) => Math.Clamp((reward - Shift) * Scale, -Clip, Clip);
}
