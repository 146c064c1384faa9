namespace OfflineRL.Datasets;

/// <summary>
/// An open episode of a <see cref="TrajectoryLogger"/>. Its steps are numbered as they are appended; any thread may append, one at a
/// time (which is decided by a lock, so that steps of several threads stand in the order in which they came).
/// </summary>
public sealed class LoggedEpisode
{
    readonly TrajectoryLogger _logger;

    internal LoggedEpisode(TrajectoryLogger logger, long number, string id, int nextStep)
    {
        _logger = logger;
        Number = number;
        Id = id;
        NextStep = nextStep;
    }

    /// <summary>As it was begun with, or the episode's number.</summary>
    public string Id { get; }

    internal long Number { get; }

    /// <summary>Guarded by the lock of the episode's stripe.</summary>
    internal int NextStep { get; set; }

    internal bool Ended { get; set; }

    /// <summary>Appends the next step.</summary>
    /// <returns>False: there was no room for it. The step is missing then, and compacting cuts the episode there.</returns>
    /// <exception cref="UserErrorException">The step does not fit the spaces, or holds what cannot be; it is missing too.</exception>
    public bool Append(in LoggedStep step) => _logger.Append(this, null, step);

    /// <summary>Appends the next step, of discrete actions.</summary>
    /// <inheritdoc cref="Append(in LoggedStep)"/>
    public bool Append(
        ReadOnlySpan<float> observation, int action, double reward, double? logProbability = null, ReadOnlySpan<double> probabilities = default, ReadOnlySpan<bool> mask = default) =>
        Append(new LoggedStep { Observation = observation, Action = action, Reward = reward, LogProbability = logProbability, Probabilities = probabilities, Mask = mask });

    /// <summary>Appends the next step, of continuous actions.</summary>
    /// <inheritdoc cref="Append(in LoggedStep)"/>
    public bool Append(ReadOnlySpan<float> observation, ReadOnlySpan<float> action, double reward, double? logDensity = null) =>
        Append(new LoggedStep { Observation = observation, ContinuousAction = action, Reward = reward, LogProbability = logDensity });

    /// <summary>Ends the episode: by a terminal state, or cut as by a time limit.</summary>
    /// <param name="terminated">Whether the last step ended in a terminal state.</param>
    /// <param name="truncated">Whether the episode was cut after it.</param>
    /// <param name="finalObservation">[D], the observation after the last step; empty: unknown.</param>
    /// <param name="finalObservationBytes">[D], for spaces of unsigned bytes.</param>
    /// <returns>False: there was no room; the episode is open still, and the call can be made again.</returns>
    /// <exception cref="UserErrorException">It has ended, ends neither way, or the observation does not fit.</exception>
    public bool End(bool terminated, bool truncated = false, ReadOnlySpan<float> finalObservation = default, ReadOnlySpan<byte> finalObservationBytes = default) =>
        _logger.End(this, terminated, truncated, finalObservation, finalObservationBytes);
}
