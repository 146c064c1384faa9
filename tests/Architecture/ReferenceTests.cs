using System.Xml.Linq;

namespace OfflineRL.Tests.Architecture;

/// <summary>Stages point one way: what a project may name is a fact of the compiler, and this says which facts.</summary>
public sealed class ReferenceTests
{
    static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["OfflineRL.Datasets"] = [],
        ["OfflineRL.Torch"] = [],
        ["OfflineRL.Environments"] = ["OfflineRL.Datasets"],
        ["OfflineRL.Ingest"] = ["OfflineRL.Datasets", "OfflineRL.Environments"],
        ["OfflineRL.Train"] = ["OfflineRL.Datasets", "OfflineRL.Torch"],
        ["OfflineRL.Evaluate"] = ["OfflineRL.Datasets", "OfflineRL.Environments", "OfflineRL.Torch", "OfflineRL.Train"],
    };

    [Fact]
    public void EveryProject_ReferencesOnlyWhatIsAllowed()
    {
        var found = Projects().ToDictionary(p => Path.GetFileNameWithoutExtension(p), References);
        Assert.Equal(
            Allowed.Keys.Concat(["OfflineRL.Benchmarks", "OfflineRL.Cli", "OfflineRL.Tests"]).Order(StringComparer.Ordinal),
            found.Keys.Order(StringComparer.Ordinal));
        Assert.All(Allowed, rule => Assert.Equal(rule.Value, found[rule.Key]));
    }

    // The project file could be evaded by a transitive reference; the compiled assembly cannot.
    [Fact]
    public void Train_NamesNoEnvironmentInItsAssembly()
    {
        var named = System.Reflection.Assembly.Load("OfflineRL.Train").GetReferencedAssemblies().Select(a => a.Name).ToList();
        Assert.Contains("OfflineRL.Datasets", named);
        Assert.DoesNotContain("OfflineRL.Environments", named);
        Assert.DoesNotContain("OfflineRL.Ingest", named);
        Assert.DoesNotContain("OfflineRL.Evaluate", named);
    }

    [Fact]
    public void Solution_HoldsEveryProject()
    {
        var solution = File.ReadAllText(Path.Combine(Checkout.Root, "OfflineRL.sln"));
        Assert.All(Projects(), p => Assert.Contains(Path.GetFileName(p), solution, StringComparison.Ordinal));
    }

    static IEnumerable<string> Projects() => SourceTree.Files("*.csproj");

    static string[] References(string project) => XDocument.Load(project)
        .Descendants("ProjectReference")
        .Select(r => Path.GetFileNameWithoutExtension((string?)r.Attribute("Include") ?? ""))
        .Order(StringComparer.Ordinal)
        .ToArray();
}
