using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class ConfigTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("config").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Load_NamesNothing_KeepsDefaults() => Assert.Equal(new Sample().Steps, Config.Load<Sample>(null, []).Steps);

    [Fact]
    public void Load_File_BindsEveryKindOfValue()
    {
        var config = Config.Load<Sample>(File("""
            dataset: cartpole
            steps: 1e4
            rate: 2.5e-4
            kind: second_kind
            nested:
              size: 3
            sizes: [64, 32]
            parts:
              - size: 1
              - { size: 2, label: 'x: y' }
            fractions: { train: 0.8, test: 0.2 }
            pause: 1.5
            """), []);
        Assert.Equal("cartpole", config.Dataset);
        Assert.Equal(10_000, config.Steps);
        Assert.Equal(2.5e-4, config.Rate);
        Assert.Equal(SampleKind.SecondKind, config.Kind);
        Assert.Equal(3, config.Nested.Size);
        Assert.Equal([64, 32], config.Sizes);
        Assert.Equal(["default", "x: y"], config.Parts.Select(p => p.Label));
        Assert.Equal(0.2, config.Fractions["test"]);
        Assert.Equal(TimeSpan.FromSeconds(1.5), config.Pause);
    }

    [Fact]
    public void Load_Overrides_ApplyInOrderAndKeepTheirNeighbors()
    {
        var config = Config.Load<Sample>(
            File("nested: { size: 3, label: kept }\nfractions: { train: 0.8, test: 0.2 }"),
            ["nested.size=4", "nested.size=5", "sizes=[7]", "fractions.test=0.3"]);
        Assert.Equal(new SamplePart { Size = 5, Label = "kept" }, config.Nested);
        Assert.Equal([7], config.Sizes);
        Assert.Equal((0.8, 0.3), (config.Fractions["train"], config.Fractions["test"]));
    }

    [Fact]
    public void Load_UnknownKey_NamesFileLineAndNearestKey()
    {
        var path = File("dataset: a\nnested:\n  sise: 3\n");
        var error = Assert.Throws<UserErrorException>(() => Config.Load<Sample>(path, []));
        Assert.Contains($"{path}, line 3: unknown key 'nested.sise'. Did you mean 'size'?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadStored_LeavesOutWhatItDoesNotKnowAndStillReadsAndChecksTheRest()
    {
        var config = Config.LoadStored<Sample>(File("dataset: a\ngone: [1, 2]\nnested:\n  sise: 3\n  size: 4\n"));
        Assert.Equal(("a", 4), (config.Dataset, config.Nested.Size));
        Assert.Contains("steps is 'many'", Assert.Throws<UserErrorException>(() => Config.LoadStored<Sample>(File("gone: 1\nsteps: many"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("steps: many", "line 1: steps is 'many'; expected a whole number")]
    [InlineData("steps: 1.5", "steps is '1.5'; expected a whole number")]
    [InlineData("rate: nan", "rate is 'nan'; expected a number")]
    [InlineData("kind: third", "expected one of first_kind, second_kind")]
    [InlineData("nested: 3", "nested is '3'; expected keys and values: size, label")]
    [InlineData("parts:\n  - size: 1\n  - size: x", "line 3: parts[1].size is 'x'")]
    [InlineData("- a", "found a list or a single value")]
    [InlineData("a: [", "not valid YAML")]
    public void Load_WrongValue_SaysWhatWasFoundAndExpected(string yaml, string message)
    {
        var error = Assert.Throws<UserErrorException>(() => Config.Load<Sample>(File(yaml), []));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_WrongOverride_NamesIt()
    {
        var error = Assert.Throws<UserErrorException>(() => Config.Load<Sample>(null, ["stps=3"]));
        Assert.Contains("--set stps=3: unknown key 'stps'. Did you mean 'steps'?", error.Message, StringComparison.Ordinal);
        Assert.Contains("expected key=value", Assert.Throws<UserErrorException>(() => Config.Load<Sample>(null, ["steps"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Faults_AreReportedAllAtOnceWithTheirKeys()
    {
        var error = Assert.Throws<UserErrorException>(() => Config.Load<Sample>(null, ["steps=0", "nested.size=-1"]));
        Assert.Contains("steps is 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("nested.size is -1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_MissingFile_SaysSo() =>
        Assert.Contains("cannot be read", Assert.Throws<UserErrorException>(() => Config.Load<Sample>(Path.Combine(_folder, "none.yaml"), [])).Message, StringComparison.Ordinal);

    [Fact]
    public void ToYaml_ReadsBackToTheSameText()
    {
        var config = Config.Load<Sample>(null, ["dataset='yes: # no'", "sizes=[1,2]", "parts=[{size: 4, label: \"a\\nb\"}, {size: 5}]", "rate=1e-9", "fractions={train: 1}"]);
        var text = Config.ToYaml(config);
        var again = Config.Load<Sample>(File(text), []);
        Assert.Equal(text, Config.ToYaml(again));
        Assert.Equal(("yes: # no", "a\nb", 5, 1e-9), (again.Dataset, again.Parts[0].Label, again.Parts[1].Size, again.Rate));
    }

    string File(string yaml)
    {
        var path = Path.Combine(_folder, "config.yaml");
        System.IO.File.WriteAllText(path, yaml);
        return path;
    }

    enum SampleKind
    {
        FirstKind,
        SecondKind,
    }

    sealed record SamplePart : IValidatable
    {
        public int Size { get; init; } = 1;

        public string Label { get; init; } = "default";

        public IEnumerable<string> Validate()
        {
            if (Size < 0)
                yield return $"size is {Size}; expected at least 0.";
        }
    }

    sealed record Sample : IValidatable
    {
        public string? Dataset { get; init; }

        public int Steps { get; init; } = 100;

        public double Rate { get; init; } = 0.5;

        public SampleKind Kind { get; init; }

        public SamplePart Nested { get; init; } = new();

        public IReadOnlyList<int> Sizes { get; init; } = [];

        public IReadOnlyList<SamplePart> Parts { get; init; } = [];

        public IReadOnlyDictionary<string, double> Fractions { get; init; } = new Dictionary<string, double>();

        public TimeSpan Pause { get; init; }

        public IEnumerable<string> Validate()
        {
            if (Steps <= 0)
                yield return $"steps is {Steps}; expected at least 1.";
        }
    }
}
