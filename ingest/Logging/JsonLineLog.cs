using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>What a line of an application in another language says; see ingest/README.md.</summary>
sealed record LogLine
{
    public required string Episode { get; init; }

    /// <summary>Null: the episode's next.</summary>
    public int? Step { get; init; }

    public float[] Observation { get; init; } = [];

    /// <summary>A number, or a list of numbers where actions are continuous.</summary>
    public JsonElement? Action { get; init; }

    public double? Reward { get; init; }

    public double? LogProb { get; init; }

    public double[] Probs { get; init; } = [];

    public bool[] Mask { get; init; } = [];

    public string? Policy { get; init; }

    public string? SplitKey { get; init; }

    /// <summary><c>terminated</c> or <c>truncated</c>: the line ends the episode, and its observation is the final one.</summary>
    public string? End { get; init; }
}

/// <summary><c>offlinerl ingest log</c>: lines of JSON into a log.</summary>
public sealed class JsonLineLog(TrajectoryLogger logger, DatasetDescription description)
{
    readonly Dictionary<string, LoggedEpisode> _open = [];

    /// <summary>Logs one line.</summary>
    /// <param name="line">JSON.</param>
    /// <param name="number">Of the line, from 1, for messages.</param>
    /// <exception cref="UserErrorException">The line cannot be taken; the log goes on with the next.</exception>
    public void Add(string line, long number)
    {
        try
        {
            var parsed = JsonSerializer.Deserialize<LogLine>(line, JsonFiles.Options) ?? throw Throw.LogLine(number, "found null; expected an object");
            if (parsed.End is null)
                Append(parsed);
            else
                End(parsed);
        }
        catch (JsonException e)
        {
            throw Throw.LogLine(number, e.Message);
        }
        catch (UserErrorException e) when (!e.Message.StartsWith("line ", StringComparison.Ordinal))
        {
            throw Throw.LogLine(number, e.Message);
        }
    }

    void Append(LogLine line)
    {
        var discrete = description.ActionSpace is DiscreteSpace;
        if (line.Action is not { } action || line.Reward is not { } reward)
            throw new UserErrorException("found no action or no reward; expected both, or an end");
        var isList = action.ValueKind == JsonValueKind.Array;
        if (discrete ? action.ValueKind != JsonValueKind.Number : !isList)
            throw new UserErrorException($"found the action {action}; expected {(discrete ? "a number from 0" : "a list of numbers")}");
        var step = new LoggedStep
        {
            Observation = line.Observation,
            Action = discrete && action.TryGetInt32(out var number) ? number : discrete ? -1 : 0,
            ContinuousAction = discrete ? [] : action.Deserialize<float[]>(JsonFiles.Options),
            Reward = reward,
            LogProbability = line.LogProb,
            Probabilities = line.Probs,
            Mask = line.Mask,
        };
        if (line.Step is { } at)
        {
            logger.Append(line.Episode, at, step, line.Policy ?? "live", line.SplitKey);
            return;
        }

        if (!_open.TryGetValue(line.Episode, out var episode))
            _open[line.Episode] = episode = logger.Begin(line.Episode, line.Policy ?? "live", line.SplitKey);
        episode.Append(step);
    }

    void End(LogLine line)
    {
        if (line.End is not ("terminated" or "truncated"))
            throw new UserErrorException($"found the end '{line.End}'; expected terminated or truncated");
        if (_open.Remove(line.Episode, out var episode))
            episode.End(line.End == "terminated", line.End == "truncated", line.Observation);
        else
            logger.End(line.Episode, line.End == "terminated", line.End == "truncated", line.Observation);
    }
}
