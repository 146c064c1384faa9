using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Ingest;

/// <summary>Receives an episode; the columns are valid during the call.</summary>
public delegate void RecordedEpisode(in EpisodeColumns columns);

/// <summary>Looks at an episode so far, or whole, of which the first <paramref name="before"/> steps were shown before; the columns are valid during the call and have no key.</summary>
public delegate void RecordedFragment(in EpisodeColumns columns, int before);

/// <summary>
/// A recording in rounds, whose policy may change from one to the next: what a loop of recording and training needs. Between
/// rounds the episodes stand still.
/// </summary>
/// <remarks>
/// Episode k has its own seeds, derived from the recording's and k, as in <see cref="RecordJob"/>; which policy acts in it
/// depends on the rounds, so that here the number of instances is part of what is recorded.
/// </remarks>
public sealed class ContinuedRecording : IDisposable
{
    readonly EnvironmentIdentity _identity;
    readonly RecordConfig _config;
    readonly IVectorEnvironment _environment;
    readonly RandomStream _random;
    Recorder? _recorder;
    SwitchedPolicy? _acting;

    /// <param name="config">Environment, instances (<see cref="RecordConfig.Batch"/>), seed and split; who acts is told by <see cref="Act"/>.</param>
    /// <exception cref="UserErrorException">The environment is not known, or may not be recorded.</exception>
    public ContinuedRecording(RecordConfig config)
    {
        Config.Check(config);
        _config = config;
        _identity = EnvironmentRegistry.ResolveRecordable(config.Environment);
        _random = RandomStream.Create(config.Seed, "record");
        _environment = EnvironmentRegistry.Make(config.Environment, config.Batch);
    }

    /// <summary>What all episodes have in common.</summary>
    /// <param name="provenance">Of the dataset.</param>
    public DatasetDescription Describe(Provenance provenance) => RecordJob.Describe(_config, _environment) with { Provenance = provenance };

    /// <summary>Steps after which an episode ends at the latest; <see cref="int.MaxValue"/>: there is no limit.</summary>
    public int MaxEpisodeSteps => _environment.MaxEpisodeSteps;

    /// <summary>Episodes handed on, before <see cref="Begin"/> too; they number the next ones.</summary>
    public long Episodes { get; private set; }

    /// <summary>Begins with new episodes.</summary>
    /// <param name="policy">Acts first; those of <see cref="Act"/> take over its state.</param>
    /// <param name="name">What episodes call who acts, however often that changes.</param>
    /// <param name="episodes">How many were recorded before.</param>
    public void Begin(IPolicy policy, string name, long episodes)
    {
        _acting = Acting(policy, name);
        Episodes = episodes;
        _recorder = new(_environment, _acting, long.MaxValue, _random, episodes);
    }

    /// <summary>From the next step on another policy acts, in the episodes under way too; each step keeps the probability that it was drawn with.</summary>
    /// <param name="policy">Of the same kind of state as the one before.</param>
    /// <exception cref="UserErrorException">The policy is deterministic over continuous actions.</exception>
    public void Act(IPolicy policy) => _acting!.Now = WithPropensities(policy);

    /// <summary>Records some steps in every instance and hands on the episodes that ended.</summary>
    /// <param name="steps">Of each instance.</param>
    /// <param name="sink">Takes them.</param>
    public void Record(int steps, RecordedEpisode sink) => _recorder!.Continue(steps, episode => HandOn(episode, sink));

    /// <summary>
    /// Records episodes from start to end under one policy: new ones begin while fewer than <paramref name="steps"/> were taken, and it returns when the
    /// last of them has ended. None is left out, so that short ones are not preferred.
    /// </summary>
    /// <param name="policy">Acts throughout.</param>
    /// <param name="name">What episodes call it.</param>
    /// <param name="episodes">How many were recorded before.</param>
    /// <param name="steps">Over all instances.</param>
    /// <param name="sink">Takes the episodes, those with lower numbers first.</param>
    public void RecordWhole(IPolicy policy, string name, long episodes, int steps, RecordedEpisode sink)
    {
        var acting = Acting(policy, name);
        Episodes = episodes;
        new Recorder(_environment, acting, steps, _random, episodes).RunWhole(episode => HandOn(episode, sink));
    }

    /// <summary>Shows the steps so far of the episode under way in the first instance, where there are any: without a key and an end, and to be handed on later.</summary>
    /// <param name="sink">Looks at them.</param>
    public void Peek(RecordedEpisode sink)
    {
        if (_recorder?.Running(0) is { Steps: > 0 } episode)
            sink(episode.Columns("", _identity));
    }

    /// <summary>As <see cref="Record"/>, and shows all steps of the round at once: of the episodes that ended, then by instance of those under way, as if they were cut here.</summary>
    /// <param name="steps">Of each instance.</param>
    /// <param name="sink">Takes the episodes that ended.</param>
    /// <param name="fragments">Looks at each episode that has new steps.</param>
    public void RecordFragments(int steps, RecordedEpisode sink, RecordedFragment fragments)
    {
        _recorder!.Continue(steps, episode =>
        {
            fragments(episode.Columns("", _identity), episode.Shown);
            HandOn(episode, sink);
        });
        _recorder.ShowRunning(episode => fragments(episode.Columns("", _identity), episode.Shown));
    }

    /// <summary>Ends the episodes that are under way as truncated, hands them on, and waits for <see cref="Begin"/>: a place to go on from later.</summary>
    /// <param name="sink">Takes them.</param>
    public void End(RecordedEpisode sink)
    {
        _recorder?.Cut(episode => HandOn(episode, sink));
        _recorder = null;
    }

    public void Dispose() => _environment.Dispose();

    SwitchedPolicy Acting(IPolicy policy, string name)
    {
        PolicySpaces.RequireFit(policy, _environment.ObservationSpace, _environment.ActionSpace, _config.Environment);
        return new(WithPropensities(policy), name);
    }

    // The dataset says once for all rounds that its steps have them.
    static IPolicy WithPropensities(IPolicy policy) => policy.HasPropensities ? policy : throw Throw.NoPropensities(policy);

    void HandOn(EpisodeBuffer episode, RecordedEpisode sink)
    {
        Episodes++;
        sink(episode.ToColumns(_identity, _config.Seed));
    }

    sealed class SwitchedPolicy(IPolicy first, string name) : IPolicy
    {
        public IPolicy Now { get; set; } = first;

        public string Name => name;

        public Space ObservationSpace => Now.ObservationSpace;

        public Space ActionSpace => Now.ActionSpace;

        public IPolicyState? CreateState(int instances) => Now.CreateState(instances);

        public void Act(in PolicyInput input, in PolicyOutput output) => Now.Act(input, output);

        public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities) =>
            Now.Score(input, actions, logProbabilities, probabilities);
    }
}
