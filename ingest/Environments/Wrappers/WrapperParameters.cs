using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// The parameters that every environment takes beside its own, each of which puts a wrapper around it. They stand in an
/// identity only where they differ from their default, which wraps nothing.
/// </summary>
public static class WrapperParameters
{
    /// <summary>In ordinal order of their names.</summary>
    public static IReadOnlyList<ParameterDefinition> All { get; } = [];

    /// <summary>Those that wrap an environment: not the ones that it has itself under the same name.</summary>
    internal static IEnumerable<ParameterDefinition> Of(EnvironmentDefinition definition) =>
        All.Where(w => definition.Parameters.All(p => p.Name != w.Name));

    /// <summary>What the definition becomes under the wrappers that an identity asks for: spaces, step limit, painter.</summary>
    internal static EnvironmentDefinition Apply(EnvironmentDefinition inner, EnvironmentIdentity identity) => inner;

    /// <summary>Puts the wrappers that an identity asks for around an environment.</summary>
    internal static IVectorEnvironment Wrap(IVectorEnvironment inner, EnvironmentDefinition definition, EnvironmentIdentity identity) => inner;
}
