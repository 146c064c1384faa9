using OfflineRL.Datasets;
using OfflineRL.Tests.Datasets;

namespace OfflineRL.Tests.Cli;

public sealed class DrawTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-draw-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Draw_OfAStrip_ShowsFramesThatDifferAndSaysWhatTheyAre()
    {
        var output = Draw("CartPole-v1", "--policy", "uniform", "--seed", "1", "--frames", "4", "--out", "a.png").Expect(0).Output;
        Assert.Matches(@"^a\.png: CartPole-v1  uniform  seed 1: 4 of \d+ states, (\d+) steps, return \1", output);
        var (width, height, frames) = PngReader.Read(Path.Combine(_root, "a.png"));
        Assert.Equal(8 + (4 * 308), width);
        Assert.True(height > 150);
        var picture = Assert.Single(frames).Rgb;
        var cells = Enumerable.Range(0, 4).Select(i => Convert.ToHexString(Cell(picture, width, 8 + (i * 308), 27, 300, 150))).ToList();
        Assert.Equal(4, cells.Distinct().Count());
        // The cart stands on its track in each of them.
        Assert.All(cells, c => Assert.Contains("27364B", c, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a.apng")]
    [InlineData("a.gif")]
    public void Draw_OfAnAnimation_HasAFrameForEveryNthStepAndTheEnd(string file)
    {
        Draw("CartPole-v1?length=1", "--policy", "scripted", "--limit", "31", "--every", "10", "--fps", "20", "--out", file).Expect(0);
        var path = Path.Combine(_root, file);
        var (_, _, frames) = file.EndsWith("gif", StringComparison.Ordinal) ? GifReader.Read(path) : PngReader.Read(path);
        Assert.Equal([0.05, 0.05, 0.05, 0.05, 1], frames.Select(f => f.Seconds));
        Assert.Equal(5, frames.Select(f => Convert.ToHexString(f.Rgb)).Distinct().Count());
    }

    public static TheoryData<string> IdsThatNeedNothing => new(OfflineRL.Environments.EnvironmentRegistry.All.Where(d => d.Requirement.Length == 0).Select(d => d.Id));

    [Theory]
    [MemberData(nameof(IdsThatNeedNothing))]
    public void Draw_OfEveryEnvironment_WritesAnAnimationThatMoves(string id)
    {
        Draw(id, "--policy", "uniform", "--seed", "2", "--limit", "12", "--out", "a.gif").Expect(0);
        var (_, _, frames) = GifReader.Read(Path.Combine(_root, "a.gif"));
        Assert.InRange(frames.Select(f => Convert.ToHexString(f.Rgb)).Distinct().Count(), 2, 13);
    }

    [Theory]
    [InlineData("Breakout-MinAtar-v1?resize=84&observation_noise=0.1", "cannot be drawn: nothing paints its observations, box(4x84x84, float32)")]
    [InlineData("FrozenLake-v1?frame_stack=2", "frame_stack does not fit its observations")]
    public void Draw_UnderWrappersThatLeaveNothingToDraw_SaysWhy(string id, string message)
    {
        Assert.Contains(message, Draw(id, "--policy", "uniform", "--out", "a.png").Expect(2).Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_root));
    }

    [Fact]
    public void Draw_OfAStoredStack_ShowsWhatADrawingOfTheEnvironmentShows()
    {
        Tool.Run(_root, "ingest", "record", "--environment", "CartPole-v1?frame_stack=3", "--name", "stack", "--steps", "200").Expect(0);
        Tool.Run(_root, "ingest", "record", "--environment", "CartPole-v1", "--name", "plain", "--steps", "200").Expect(0);
        foreach (var name in new[] { "stack", "plain" })
            Draw("--dataset", name, "--episode", "1", "--frames", "3", "--out", name + ".png").Expect(0);
        var (stack, plain) = (PngReader.Read(Path.Combine(_root, "stack.png")), PngReader.Read(Path.Combine(_root, "plain.png")));
        Assert.Equal((stack.Width, stack.Height), (plain.Width, plain.Height));
        // But for the title.
        Assert.Equal(plain.Frames[0].Rgb[(plain.Width * 27 * 3)..], stack.Frames[0].Rgb[(stack.Width * 27 * 3)..]);
    }

    [Fact]
    public void Draw_OfTheSameSeed_GivesTheSameFileAndOfAnotherADifferentOne()
    {
        foreach (var (file, seed) in new[] { ("a", "3"), ("b", "3"), ("c", "4") })
            Draw("CartPole-v1", "--policy", "uniform", "--seed", seed, "--out", file + ".png").Expect(0);
        var (a, b, c) = (Bytes("a"), Bytes("b"), Bytes("c"));
        Assert.Equal(a, b);
        Assert.NotEqual(a, c);

        byte[] Bytes(string name) => Cells(PngReader.Read(Path.Combine(_root, name + ".png")));

        // Without the title, which names the seed.
        static byte[] Cells((int Width, int Height, List<(byte[] Rgb, double Seconds)> Frames) png) => png.Frames[0].Rgb[(png.Width * 27 * 3)..];
    }

    [Fact]
    public void Draw_OfAStoredEpisode_ShowsItsObservationsAndItsEnd()
    {
        Tool.Run(_root, "ingest", "record", "--steps", "300", "--set", "mixture=[{policy: uniform}]").Expect(0);
        var dataset = Dataset.Open(Workspace.Open(_root), "cartpole");
        var last = dataset.Episodes[^1];
        var output = Draw("--dataset", "cartpole", "--episode", $"{last.EpisodeId}", "--frames", "2", "--out", "a.png").Expect(0).Output;
        Assert.Contains($"cartpole-v1  episode {last.EpisodeId}  uniform: 2 of {last.Steps + 1} states, {last.Steps} steps, return {last.Return}", output, StringComparison.Ordinal);
        // The same observations under another pole look otherwise.
        Draw("CartPole-v1?length=0.9", "--dataset", "cartpole", "--episode", $"{last.EpisodeId}", "--frames", "2", "--out", "b.png").Expect(0);
        Assert.NotEqual(File.ReadAllBytes(Path.Combine(_root, "a.png")), File.ReadAllBytes(Path.Combine(_root, "b.png")));
        Assert.Contains($"has no episode 9999; it has {dataset.Episodes.Count}, numbered 0 to {dataset.Episodes.Count - 1}",
            Draw("--dataset", "cartpole", "--episode", "9999", "--out", "c.png").Expect(2).Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_root, "c.png")));
    }

    [Fact]
    public void Draw_OfATrainedPolicy_LoadsItAsTheRecorderDoes()
    {
        Tool.Run(_root, "ingest", "record", "--steps", "300").Expect(0);
        Tool.Run(_root, "train", "--dataset", "cartpole", "--algorithm", "bc", "--set", "steps=4", "--set", "policy_period_steps=2", "--set", "device=cpu").Expect(0);
        Assert.Contains("cartpole-bc", Draw("CartPole-v1", "--policy", "cartpole-bc@step=2,epsilon=0.1", "--out", "a.png").Expect(0).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Name an environment", "--out", "a.png")]
    [InlineData("Did you mean 'CartPole-v1'?", "CartPole-v2", "--out", "a.png")]
    [InlineData("Did you mean 'length'?", "CartPole-v1?lenght=1", "--out", "a.png")]
    [InlineData("Unknown built-in policy 'scrpted'", "CartPole-v1", "--policy", "builtin:scrpted", "--out", "a.png")]
    [InlineData("nobody", "CartPole-v1", "--policy", "nobody", "--out", "a.png")]
    [InlineData("ends in .png for a strip, or in .apng or .gif", "CartPole-v1", "--out", "a.jpg")]
    [InlineData("--frames is 0; expected 1 to 1000", "CartPole-v1", "--frames", "0", "--out", "a.png")]
    [InlineData("--fps is 1000; expected 0.1 to 100", "CartPole-v1", "--fps", "1000", "--out", "a.gif")]
    [InlineData("--frames is for strips", "CartPole-v1", "--frames", "3", "--out", "a.gif")]
    [InlineData("--every and --fps are for animations", "CartPole-v1", "--every", "3", "--out", "a.png")]
    [InlineData("--limit is 0", "CartPole-v1", "--limit", "0", "--out", "a.png")]
    [InlineData("--episode is for stored episodes", "CartPole-v1", "--episode", "1", "--out", "a.png")]
    [InlineData("--policy is for new episodes", "--dataset", "x", "--policy", "uniform", "--out", "a.png")]
    [InlineData("There is no dataset 'x'", "--dataset", "x", "--out", "a.png")]
    [InlineData("there is no folder", "CartPole-v1", "--out", "none/a.png")]
    [InlineData("Option '--out' is required", "CartPole-v1")]
    public void Draw_OfWhatCannotBe_EndsWith2AndOneMessageAndLeavesNothing(string message, params string[] arguments)
    {
        var result = Draw(arguments).Expect(2);
        Assert.StartsWith("offlinerl: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_root));
    }

    [Fact]
    public void Draw_OntoAFileThatExists_RefusesUnlessForced()
    {
        var path = Path.Combine(_root, "a.gif");
        File.WriteAllText(path, "mine");
        Assert.Contains("'a.gif' exists already; name another file, or replace it with --force", Draw("CartPole-v1", "--limit", "3", "--out", "a.gif").Expect(2).Error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(path));
        Draw("CartPole-v1", "--limit", "3", "--out", "a.gif", "--force").Expect(0);
        Assert.Equal(4, GifReader.Read(path).Frames.Count);
    }

    ToolResult Draw(params string[] arguments) => Tool.Run(_root, ["environments", "draw", .. arguments]);

    static byte[] Cell(byte[] rgb, int stride, int left, int top, int width, int height)
    {
        var cell = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
            rgb.AsSpan((((top + y) * stride) + left) * 3, width * 3).CopyTo(cell.AsSpan(y * width * 3));
        return cell;
    }
}
