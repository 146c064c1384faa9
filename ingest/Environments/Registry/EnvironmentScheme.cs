namespace OfflineRL.Environments;

/// <summary>A way to name environments that the registry cannot list, <c>SCHEME:REST</c>, such as tables in a file or a program of the user's.</summary>
/// <param name="Name">Before the colon, lower case.</param>
/// <param name="Form">For readers, for example <c>tables:FILE.npz</c>.</param>
/// <param name="Description">One sentence.</param>
/// <param name="Open">From a whole id without parameters (<c>SCHEME:REST</c>) to the definition; its Id opens the same environment again. Called once an id.</param>
public sealed record EnvironmentScheme(string Name, string Form, string Description, Func<string, EnvironmentDefinition> Open);
