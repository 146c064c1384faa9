using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Cli.Loop;

/// <summary><c>rounds.jsonl</c> of a seed: a line a round of what its episodes returned.</summary>
sealed class RoundLog : IDisposable
{
    public const string FileName = "rounds.jsonl";

    const int Window = 100;

    static readonly JsonSerializerOptions OneLine = new(JsonFiles.Options) { WriteIndented = false };

    readonly FileStream _file;
    readonly Queue<double> _recent;
    double _sum;
    int _ended;

    /// <param name="path">Created where it is not there; lines of later rounds are dropped.</param>
    /// <param name="rounds">Done.</param>
    /// <param name="recent">Returns of the last episodes then, the newest last.</param>
    /// <exception cref="UserErrorException">A line of those rounds cannot be read.</exception>
    public RoundLog(string path, long rounds, IReadOnlyList<double> recent)
    {
        var kept = Read(path).TakeWhile(round => round.Rounds <= rounds).ToList();
        _recent = new(recent);
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        foreach (var round in kept)
            Write(round);
    }

    /// <summary>Returns of the last episodes, the newest last.</summary>
    public IReadOnlyList<double> Recent => [.. _recent];

    /// <summary>Counts an episode that ended by itself.</summary>
    public void Add(double episodeReturn)
    {
        (_sum, _ended) = (_sum + episodeReturn, _ended + 1);
        if (_recent.Count == Window)
            _recent.Dequeue();
        _recent.Enqueue(episodeReturn);
    }

    /// <summary>Writes the line of a round.</summary>
    /// <param name="rounds">Done, with it.</param>
    /// <param name="steps">Recorded.</param>
    public void End(long rounds, long steps)
    {
        Write(new()
        {
            Rounds = rounds,
            Steps = steps,
            Episodes = _ended,
            MeanReturn = _ended == 0 ? null : _sum / _ended,
            RecentMeanReturn = _recent.Count < Window ? null : _recent.Average(),
        });
        (_sum, _ended) = (0, 0);
    }

    /// <summary>Puts what was written on the disk.</summary>
    public void Commit() => _file.Flush(flushToDisk: true);

    /// <summary>When the mean over the last 100 episodes had reached a threshold.</summary>
    /// <param name="path">Of a log; it need not be there.</param>
    /// <param name="threshold">A return.</param>
    public static LoopThreshold Passing(string path, double threshold)
    {
        var passed = Read(path).FirstOrDefault(round => round.RecentMeanReturn >= threshold);
        return new(threshold, passed?.Steps, passed?.Rounds);
    }

    public void Dispose() => _file.Dispose();

    // A process that is killed may leave half a line, which is the last.
    static IEnumerable<LoopRound> Read(string path)
    {
        var lines = File.Exists(path) ? File.ReadAllLines(path) : [];
        for (var i = 0; i < lines.Length; i++)
        {
            LoopRound? round = null;
            try
            {
                round = JsonSerializer.Deserialize<LoopRound>(lines[i], OneLine);
            }
            catch (JsonException e) when (i + 1 < lines.Length)
            {
                throw new UserErrorException($"{path}, line {i + 1}: not a line of rounds: {e.Message} Restore the file, or start another loop with --name.", e);
            }
            catch (JsonException)
            {
            }

            if (round is not null)
                yield return round;
        }
    }

    void Write(LoopRound round)
    {
        _file.Write(JsonSerializer.SerializeToUtf8Bytes(round, OneLine));
        _file.WriteByte((byte)'\n');
        _file.Flush();
    }
}
