namespace OfflineRL.Tests.Architecture;

/// <summary>The sources of the checkout, without what was built.</summary>
static class SourceTree
{
    static readonly string[] Stages = ["datasets", "ingest", "train", "evaluate", "cli", "tests"];

    /// <summary>Full paths of the files below the stages' folders.</summary>
    public static IEnumerable<string> Files(string pattern) => Stages.SelectMany(stage =>
        Directory.EnumerateFiles(Path.Combine(Checkout.Root, stage), pattern, SearchOption.AllDirectories));

    /// <summary>The path below the checkout, for messages.</summary>
    public static string Relative(string path) => Path.GetRelativePath(Checkout.Root, path);
}
