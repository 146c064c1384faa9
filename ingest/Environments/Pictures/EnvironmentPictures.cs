using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>How an environment is drawn from its observations alone.</summary>
public static class EnvironmentPictures
{
    /// <summary>The environment's own painter; else images as they are, and states that are numbers as a field of cells.</summary>
    /// <param name="definition">Under its wrappers; null: an environment that is not known here.</param>
    /// <param name="identity">Its parameters; null where it is not known.</param>
    /// <param name="observations">What is to be drawn.</param>
    /// <returns>Null where nothing can be drawn.</returns>
    public static IPainter? Painter(EnvironmentDefinition? definition, EnvironmentIdentity? identity, Space observations) =>
        (identity is null ? null : definition?.Painter?.Invoke(identity))
        ?? (observations is DiscreteSpace states ? new StatePainter(states.Count) : ImagePainter.For(observations, grey: identity?.Parameters.GetValueOrDefault("grey") > 0));
}
