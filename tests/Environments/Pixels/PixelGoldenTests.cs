using System.Security.Cryptography;
using System.Text.Json;

namespace OfflineRL.Tests.Environments;

/// <summary>The games against MinAtar's own program, which played on the same draws (tests/golden/pixels/games.py).</summary>
public sealed class PixelGoldenTests
{
    const int Window = 50;

    [Theory]
    [InlineData("breakout", 10_000)]
    [InlineData("asterix", 14_000)]
    [InlineData("freeway", 15_000)]
    [InlineData("seaquest", 17_000)]
    [InlineData("space_invaders", 12_000)]
    public void Games_OnMinAtarsDraws_ShowItsFramesRewardsAndEnds(string game, int steps)
    {
        var compared = 0;
        foreach (var run in Runs(game))
        {
            var (events, hashes) = Play(run);
            Assert.Equal(run.Events, events);
            Assert.Equal(run.Hashes, hashes);
            compared += run.Actions.Length;
        }

        Assert.Equal(steps, compared);
    }

    [Fact]
    public void Games_WithOneOtherAction_DifferFromThere()
    {
        var run = Runs("breakout").First();
        // The paddle does not go where it went.
        var other = run with { Actions = "3" + run.Actions[1..] };
        Assert.NotEqual('3', run.Actions[0]);
        var (_, hashes) = Play(other);
        Assert.NotEqual(run.Hashes[0], hashes[0]);
    }

    static (List<Event> Events, List<string> Hashes) Play(Run run)
    {
        using var batch = new Batch(run.Id, 1).Reset(run.Seed);
        using var window = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (events, hashes) = (new List<Event>(), new List<string>());
        window.AppendData(Frame(batch.Observations));
        for (var t = 0; t < run.Actions.Length; t++)
        {
            batch.Step(run.Actions[t] - '0');
            var ended = batch.Terminated[0];
            Assert.False(batch.Truncated[0]);
            if (ended)
                window.AppendData(Frame(batch.Final));
            window.AppendData(Frame(batch.Observations));
            if (batch.Rewards[0] != 0 || ended)
                events.Add(new Event(t, batch.Rewards[0], ended));
            if ((t + 1) % Window == 0)
                hashes.Add(Convert.ToHexStringLower(window.GetHashAndReset())[..16]);
        }

        return (events, hashes);
    }

    static byte[] Frame(float[] row) => Array.ConvertAll(row, v => checked((byte)v));

    static IEnumerable<Run> Runs(string game)
    {
        var path = Path.Combine(Checkout.Root, "tests", "golden", "pixels", $"{game}.json");
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        foreach (var run in document.RootElement.EnumerateArray())
        {
            yield return new Run(
                run.GetProperty("id").GetString()!,
                run.GetProperty("seed").GetUInt64(),
                run.GetProperty("actions").GetString()!,
                [.. run.GetProperty("events").EnumerateArray().Select(e => new Event(e[0].GetInt32(), e[1].GetDouble(), e[2].GetInt32() == 1))],
                [.. run.GetProperty("hashes").EnumerateArray().Select(h => h.GetString()!)]);
        }
    }

    readonly record struct Event(int Step, double Reward, bool Terminated);

    sealed record Run(string Id, ulong Seed, string Actions, IReadOnlyList<Event> Events, IReadOnlyList<string> Hashes);
}
