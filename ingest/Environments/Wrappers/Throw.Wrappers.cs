using OfflineRL.Datasets;

namespace OfflineRL.Environments;

static partial class Throw
{
    public static UserErrorException WrapperNeedsImage(EnvironmentIdentity identity, string wrapper, string needs, Space found) =>
        new($"Environment '{identity.Id}': {wrapper} does not fit its observations, {Describe(found)}: {needs}. Leave {wrapper} out.");

    public static UserErrorException WrapperNeedsNumbers(EnvironmentIdentity identity, string wrapper, Space found) =>
        new($"Environment '{identity.Id}': {wrapper} does not fit its observations, {Describe(found)}: it takes arrays of numbers. Leave {wrapper} out.");

    public static UserErrorException RepeatAndSkip(EnvironmentIdentity identity) =>
        new($"Environment '{identity.Id}': action_repeat and frame_skip both repeat actions; set one of them.");

    public static ArgumentException SnapshotOfOthers() =>
        new("The snapshot was taken under other wrappers; restore it in an environment of the identity that it was saved from.");

    static string Describe(Space space) => space is BoxSpace { ElementType: ElementType.UInt8, High: [var high, ..] } ? $"{space} up to {high:R}" : space.ToString();
}
