using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.WorldModels;
using TorchSharp;

namespace OfflineRL.Train;

/// <summary>
/// What a seed keeps of its world model: snapshots <c>models/step-N/</c>, each with the errors that it had on held-out episodes, and the tables <c>model_error.csv</c> and <c>calibration.csv</c> over all of them.
/// </summary>
sealed class ModelFiles : IDisposable
{
    readonly TrainConfig _config;
    readonly TrainingData _data;
    readonly IModelLearner _learner;
    readonly FittedNormalization _fitted;
    readonly SeedFiles _files;
    readonly torch.Device _device;
    readonly RandomStream _random;
    readonly bool _grows;
    string? _split;
    HeldOutDreams? _heldOut;

    /// <param name="config">Resolved.</param>
    /// <param name="data">What is learned from, of which another part is read.</param>
    /// <param name="learner">Whose model it is; not disposed of with this.</param>
    /// <param name="fitted">Normalisers of the part that is learned from.</param>
    /// <param name="files">The seed's.</param>
    /// <param name="device">Where the model is.</param>
    public ModelFiles(TrainConfig config, TrainingData data, IModelLearner learner, FittedNormalization fitted, SeedFiles files, torch.Device device)
    {
        (_config, _data, _learner, _fitted, _files, _device) = (config, data, learner, fitted, files, device);
        _random = RandomStream.Create(files.Seed, "train/model_error");
        _grows = data.Sources.Any(source => source.Columns.IsGrowing);
        if (!_grows)
            HoldOut();
    }

    /// <summary>Whether a model can be learned and measured, before there is a folder.</summary>
    /// <returns>What a run should say; nothing of learners without a model.</returns>
    /// <exception cref="UserErrorException">It cannot.</exception>
    public static IReadOnlyList<string> Check(TrainConfig config, TrainingData data)
    {
        if (!AlgorithmTable.Of(config).Section(config).LearnsModel)
            return [];
        var notes = data.Sources.SelectMany(source => ModelData.Check(source.Columns, config.Split)).ToList();
        if (MeasuredOn(config, data) is not { } split)
        {
            if (AlgorithmTable.Of(config).Section(config) is DreamingConfig { Horizon: null } or DreamingConfig { Penalty: null } or DreamingConfig { TruncationQuantile: < 1 })
                notes.Add($"guard.held_out_transitions is 0, so that errors of the model are not measured: where {config.Algorithm}.horizon and .penalty are not set, dreams go {DreamingConfig.MostHorizon} steps and rewards are as the model says them; nothing is cut");
            return notes;
        }

        HeldOutDreams.RequireLength(data, split, config.WorldModel);
        if (split == config.Split)
            notes.Add($"{data.Info.Dataset} has no part that is not learned from: the model's errors are measured on '{split}' itself, and look better than they are. 'offlinerl datasets split' makes one");
        return notes;
    }

    /// <summary>How far dreams are to trust the model as it is, by its errors.</summary>
    /// <param name="step">Gradient steps done.</param>
    /// <returns>Null: the config asks for no measuring.</returns>
    /// <exception cref="CheckFailedException">What it predicts is not finite.</exception>
    public DreamLimits? ChooseLimits(int step) => Measure(step, generator: null) is { } report ? Choose(report) : null;

    /// <summary>Stores the model as it is, with its errors.</summary>
    /// <param name="step">Gradient steps done.</param>
    /// <param name="heldOutError">The learner's error on held-out transitions; null: not measured.</param>
    /// <exception cref="CheckFailedException">What it predicts is not finite.</exception>
    public void Save(int step, double? heldOutError)
    {
        using var generator = new torch.Generator((ulong)(_random.Derive((ulong)step).NextUInt64() >> 1), _device);
        var report = Measure(step, generator);
        // Those that dreams went by, where there were any.
        var limits = _learner.Limits ?? (report is null ? _learner.LimitsRule.Unmeasured : Choose(report));
        using (var pending = PendingFolder.Create(StepFolders.PathOf(RunFolder.ModelsFolder(_files.Folder), step)))
        {
            TensorFile.Write(Path.Combine(pending.FolderPath, WorldModelDescription.WeightsFileName), [.. _learner.Model.NamedTensors(), .. EncoderDescription.Tensors(_fitted.Encoder), .. _learner.Value?.Tensors ?? []]);
            JsonFiles.Write(Path.Combine(pending.FolderPath, WorldModelDescription.FileName), Describe(step, heldOutError, limits, report));
            WritePictures(pending.FolderPath);
            pending.Commit();
        }

        WriteTables();
    }

    /// <summary>Removes models of later steps, which a process wrote that was killed before its checkpoint.</summary>
    public void TakeBack(int step)
    {
        var parent = RunFolder.ModelsFolder(_files.Folder);
        PendingFolder.Sweep(parent, TimeSpan.Zero);
        var later = StepFolders.List(parent).Where(model => model.Step > step).ToList();
        foreach (var (_, folder) in later)
        {
            // Without its description a folder is no model, so a death in between leaves none that is half there.
            File.Delete(Path.Combine(folder, WorldModelDescription.FileName));
            Directory.Delete(folder, recursive: true);
        }

        if (later.Count > 0)
            WriteTables();
    }

    public void Dispose() => _heldOut?.Dispose();

    ModelReport? Measure(int step, torch.Generator? generator)
    {
        if (_grows)
            HoldOut();
        var report = _heldOut?.Measure(_learner.Model, step, generator);
        if (report?.Errors.FirstOrDefault(row => !double.IsFinite(row.Error)) is { } wild)
            throw new CheckFailedException(string.Create(CultureInfo.InvariantCulture, $"the model diverged: {wild.Horizon} steps ahead its error of the {wild.Target} is {wild.Error} at step {step}, expected a finite number. Lower world_model.learning_rate or world_model.max_gradient_norm."));
        return report;
    }

    DreamLimits Choose(ModelReport report) => DreamLimits.Choose(_learner.LimitsRule, report.RelativeErrors, report.ReturnErrors, report.Disagreements);

    // Where data grows, of what is there now, and not at all before there is an episode that is long enough.
    void HoldOut()
    {
        _heldOut?.Dispose();
        _heldOut = null;
        _split = MeasuredOn(_config, _data);
        if (_split is not null && !(_grows && HeldOutDreams.LongestEpisode(_data, _split) < _learner.ModelConfig.ErrorHorizons[^1]))
            _heldOut = new(_data, _split, _fitted, _learner.ModelConfig, _config.Replay.FrameStack, _random, _device);
    }

    // What was held out beside what the model makes of it; of episodes of a single step there is nothing to show.
    void WritePictures(string folder)
    {
        if (_heldOut is null)
            return;
        using var scope = torch.NewDisposeScope();
        using var quiet = torch.no_grad();
        var (model, features) = (_learner.Model, _learner.Model.Shape.Observations);
        var (observations, actions) = _heldOut.Episode(_learner.ModelConfig.ErrorHorizons[^1]);
        if (actions.size(0) > 0)
            DreamPictures.Imagine(model, features, observations, actions).Write(folder);
        var (seen, latents) = _heldOut.States(model);
        LatentTraversal.Of(model, features, seen, latents)?.Write(folder);
    }

    // Where there is no other part, the one that is learned from; null: the config asks for no measuring.
    static string? MeasuredOn(TrainConfig config, TrainingData data) => config.Guard.HeldOutTransitions == 0 ? null : HeldOutScore.Split(config, data) ?? config.Split;

    WorldModelDescription Describe(int step, double? heldOutError, DreamLimits limits, ModelReport? report) => new()
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"{_files.PolicyName}/step-{step}"),
        Algorithm = _config.Algorithm,
        ObservationSpace = _data.Info.ObservationSpace,
        ActionSpace = _data.Info.ActionSpace,
        Config = _learner.ModelConfig,
        Parts = _learner.Parts,
        Value = _learner.Value?.Description,
        Shape = _learner.Model.Shape,
        Encoder = EncoderDescription.Of(_fitted.Encoder),
        Limits = limits,
        MeasuredOn = report is null ? null : _split,
        Errors = report?.Errors ?? [],
        Calibration = report?.Calibration ?? [],
        Dataset = _data.Info.Dataset,
        ContentHash = _data.Info.ContentHash,
        Environment = _data.Info.Environment,
        Run = _config.Name,
        Seed = _files.Seed,
        Step = step,
        HeldOutError = heldOutError,
        ToolVersion = OfflineRL.Datasets.ToolVersion.Text,
    };

    // From the models that are there, so that they are right whichever of them a resumed job took back.
    void WriteTables()
    {
        var models = StepFolders.List(RunFolder.ModelsFolder(_files.Folder))
            .Select(model => Path.Combine(model.Folder, WorldModelDescription.FileName))
            .Where(File.Exists)
            .Select(JsonFiles.Read<WorldModelDescription>)
            .ToList();
        WriteTable("model_error", models.SelectMany(model => model.Errors).ToList());
        WriteTable("calibration", models.SelectMany(model => model.Calibration).ToList());
    }

    void WriteTable<T>(string name, List<T> rows)
        where T : notnull
    {
        var path = Path.Combine(_files.Folder, name);
        // Of other models; the tool makes it again at the end.
        File.Delete(path + ".parquet");
        if (rows.Count == 0)
        {
            File.Delete(path + ".csv");
            return;
        }

        TabularResults.WriteCsv(path + ".csv.new", rows);
        File.Move(path + ".csv.new", path + ".csv", overwrite: true);
    }
}
