namespace OfflineRL.Tests.Cli;

/// <summary>What an import says about wrong rows, and its exit codes.</summary>
public sealed class ImportOptionsTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-import-").FullName;

    public ImportOptionsTests()
    {
        File.WriteAllText(Path.Combine(_root, "good.csv"), "e,o,a,r,d\n1,0.5,0,1,0\n1,1,1,2,1\n2,0.25,0,1,0\n2,2,1,2,1\n");
        File.WriteAllText(Path.Combine(_root, "bad.csv"), "e,o,a,r,d\n1,0.5,0,1,0\n1,abc,1,2,1\n2,0.25,0,1,0\n2,2,1,2,1\n");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    ToolResult Import(string source, params string[] more) =>
        Tool.Run(_root, ["ingest", "import", "--name", "log", "--source", source, "--set", "episode_id=e", "--set", "observation=o", "--set", "action=a", "--set", "reward=r", "--set", "done=d", .. more]);

    [Fact]
    public void Import_OfAWrongRow_EndsAsTheRuleSays()
    {
        var stopped = Import("bad.csv").Expect(2);
        Assert.Contains("bad.csv, row 2, column 'o': found 'abc'; expected a finite number", stopped.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_root, "data", "log-v1")));

        var rejected = Import("bad.csv", "--on-error", "reject").Expect(0);
        Assert.Matches(@"(?m)^error +not_finite +bad\.csv, o +1 +2 +found 'abc'; expected a finite number", rejected.Output);
        Assert.Matches(@"(?m)^ *2 +1 +1 +0 +2 ", rejected.Output);
        Assert.Equal(["file,row,column,reason", "bad.csv,1,,\"its episode holds a row that cannot be taken: bad.csv, row 2\"", "bad.csv,2,o,expected a finite number within the range of float32"],
            File.ReadAllLines(Path.Combine(_root, "data", "log-v1", "rejects", "rejects.csv")));

        // Under --strict the dataset is there all the same, and a script learns that something was wrong.
        var strict = Import("bad.csv", "--on-error", "keep", "--strict").Expect(1);
        Assert.Contains("1 rows were rejected", strict.Error, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(_root, "data", "log-v2")));
        Import("good.csv", "--strict").Expect(0);
    }

    [Fact]
    public void DryRunAndValidate_WriteNothing()
    {
        var dry = Import("bad.csv", "--on-error", "reject", "--dry-run").Expect(0);
        Assert.Contains("Of 4 rows 2 would be taken and 2 rejected; nothing was written.", dry.Output, StringComparison.Ordinal);
        Import("bad.csv", "--on-error", "reject", "--dry-run", "--strict").Expect(1);
        string[] map = ["--set", "episode_id=e", "--set", "observation=o", "--set", "action=a", "--set", "reward=r", "--set", "done=d"];
        Assert.Contains("not_finite", Tool.Run(_root, ["ingest", "validate", "--source", "bad.csv", .. map]).Expect(1).Output, StringComparison.Ordinal);
        Tool.Run(_root, ["ingest", "validate", "--source", "good.csv", .. map]).Expect(0);
        Assert.Empty(Directory.Exists(Path.Combine(_root, "data")) ? Directory.EnumerateFileSystemEntries(Path.Combine(_root, "data")) : []);

        Import("good.csv").Expect(0);
        Tool.Run(_root, "ingest", "validate", "--dataset", "log").Expect(0);
        Assert.Contains("There is no dataset 'none'", Tool.Run(_root, "ingest", "validate", "--dataset", "none").Expect(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_StandForKeys_AndWrongOnesAreNamed()
    {
        Assert.Contains("on_error", Import("good.csv", "--on-error", "ignore").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("format", Import("good.csv", "--format", "xml").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("Validation was switched off.", Import("good.csv", "--no-validation", "--format", "csv").Expect(0).Output, StringComparison.Ordinal);
        var help = Tool.Run(_root, "ingest", "import", "--help").Expect(0).Output;
        foreach (var option in (string[])["--format", "--on-error", "--strict", "--dry-run", "--no-validation", "Exit codes: 0 done, 1 with --strict"])
            Assert.Contains(option, help, StringComparison.Ordinal);
    }
}
