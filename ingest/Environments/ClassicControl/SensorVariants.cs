namespace OfflineRL.Environments;

/// <summary>Held-out variants by the wrappers: the same world, seen through worse sensors.</summary>
static class SensorVariants
{
    /// <param name="id">Of the environment, without parameters.</param>
    /// <param name="deviation">Standard deviation of what is added to each number of an observation, as an id writes it.</param>
    /// <param name="delay">Steps that observations come late.</param>
    public static IEnumerable<HeldOutVariant> Of(string id, string deviation, int delay) =>
    [
        new("noisy-sensors", $"{id}?observation_noise={deviation}"),
        new("late-sensors", FormattableString.Invariant($"{id}?observation_delay={delay}")),
    ];
}
