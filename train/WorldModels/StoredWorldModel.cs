using OfflineRL.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary><c>world_model.json</c>: with <c>world_model.safetensors</c> beside it, enough to dream and to plan without the run that made it.</summary>
public sealed record WorldModelDescription
{
    public const int CurrentSchemaVersion = 1;

    internal const string FileName = "world_model.json";
    internal const string WeightsFileName = "world_model.safetensors";

    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>What reports call it: run, seed and step.</summary>
    public required string Name { get; init; }

    /// <summary>What trained it.</summary>
    public required string Algorithm { get; init; }

    public required Space ObservationSpace { get; init; }

    public required Space ActionSpace { get; init; }

    /// <summary>Resolved.</summary>
    public required WorldModelConfig Config { get; init; }

    /// <summary>Which kind of model it is.</summary>
    public WorldModelParts Parts { get; init; } = new();

    /// <summary>What its states are worth to the policy that was learned in it; null: nobody knows.</summary>
    public LatentValueDescription? Value { get; init; }

    /// <summary>What it was made for.</summary>
    public required WorldModelShape Shape { get; init; }

    /// <summary>What happens to observations before the model reads them; null: what their space alone says.</summary>
    public EncoderDescription? Encoder { get; init; }

    /// <summary>How far dreams trust it, by the held-out errors.</summary>
    public required DreamLimits Limits { get; init; }

    /// <summary>The part of the dataset that they were measured on; null: none was.</summary>
    public string? MeasuredOn { get; init; }

    /// <summary>Held-out errors.</summary>
    public IReadOnlyList<ModelErrorRow> Errors { get; init; } = [];

    /// <summary>Held-out calibration.</summary>
    public IReadOnlyList<CalibrationRow> Calibration { get; init; } = [];

    /// <summary><c>NAME-vN</c> of the dataset that it learned from.</summary>
    public required string Dataset { get; init; }

    public required string ContentHash { get; init; }

    public EnvironmentIdentity? Environment { get; init; }

    public required string Run { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Gradient steps done when it was stored.</summary>
    public required int Step { get; init; }

    /// <summary>The learner's error on held-out transitions; null where it was not measured.</summary>
    public double? HeldOutError { get; init; }

    public required string ToolVersion { get; init; }

    /// <summary>What a model's folder says of it.</summary>
    /// <param name="folder">Such as <c>runs/NAME/seed-0/models/step-10000</c>.</param>
    /// <exception cref="UserErrorException">The file is missing or damaged, or another version of the tool wrote it.</exception>
    public static WorldModelDescription Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var description = JsonFiles.Read<WorldModelDescription>(path);
        if (description.SchemaVersion != CurrentSchemaVersion)
            Throw.BadFile(path, $"schema_version is {description.SchemaVersion}", $"{CurrentSchemaVersion}", "It was written by another version of this tool.");
        return description;
    }
}

/// <summary>A world model that a run stored, ready to dream in.</summary>
public sealed class StoredWorldModel : IDisposable
{
    StoredWorldModel(WorldModelDescription description, IStorableWorldModel model, LatentValue? value, ObservationEncoder encoder) => (Description, Model, Value, Encoder) = (description, model, value, encoder);

    /// <summary>What <c>world_model.json</c> says.</summary>
    public WorldModelDescription Description { get; }

    public IStorableWorldModel Model { get; }

    /// <summary>What its states are worth; null: nobody knows.</summary>
    public LatentValue? Value { get; }

    /// <summary>Makes the features that the model reads of observations as stored.</summary>
    public ObservationEncoder Encoder { get; }

    /// <summary>The model within the limits that its held-out errors give.</summary>
    public CautiousWorldModel Cautious => new(Model, Description.Limits);

    /// <summary>The newest model of a run's seed.</summary>
    /// <param name="workspace">Where runs are.</param>
    /// <param name="run">Name of the run, or path of its folder.</param>
    /// <param name="seed">Null: the first seed that has one.</param>
    /// <param name="device">Where it is to lie.</param>
    /// <exception cref="UserErrorException">There is no such run or model, or a file is damaged.</exception>
    public static StoredWorldModel Open(Workspace workspace, string run, ulong? seed, Device device)
    {
        var info = RunFolder.Open(workspace, run);
        var folders = info.Seeds.Where(s => seed is null || s.Seed == seed)
            .Select(s => StepFolders.List(RunFolder.ModelsFolder(s.Folder)).LastOrDefault(m => File.Exists(Path.Combine(m.Folder, WorldModelDescription.FileName))).Folder)
            .FirstOrDefault(folder => folder is not null);
        if (folders is null)
            Throw.User($"Run {info.Name} ({info.Algorithm}) has no stored world model{(seed is null ? "" : FormattableString.Invariant($" of seed {seed}"))}; expected one in {Path.Combine(info.Folder, "seed-N", "models")}. Train one with 'offlinerl train --algorithm world_model'.");
        return Load(folders!, device);
    }

    /// <summary>Reads a model from its folder.</summary>
    /// <param name="folder">Holds <c>world_model.json</c> and <c>world_model.safetensors</c>, such as <c>runs/NAME/seed-0/models/step-10000</c>.</param>
    /// <param name="device">Where it is to lie.</param>
    /// <exception cref="UserErrorException">A file is missing or damaged, or sizes contradict each other.</exception>
    public static StoredWorldModel Load(string folder, Device device)
    {
        var description = WorldModelDescription.Read(folder);
        if (Fault(description) is { } fault)
            Throw.BadFile(Path.Combine(folder, WorldModelDescription.FileName), fault, "a model as training writes it", "The file is damaged.");
        var model = description.Parts.Create(description.Config, description.Shape, RandomStream.Create(0, "stored"), device);
        LatentValue? value = null;
        try
        {
            using var scope = NewDisposeScope();
            if (description.Value?.Fault(model.LatentWidth) is { } mismatch)
                Throw.BadFile(Path.Combine(folder, WorldModelDescription.FileName), mismatch, "a model as training writes it", "The file is damaged.");
            value = description.Value is null ? null : new LatentValue(description.Value, device);
            NamedTensor[] tensors = [.. model.NamedTensors(), .. value?.NamedTensors() ?? []];
            var (shift, scale) = Affine(description);
            TensorFile.ReadInto(Path.Combine(folder, WorldModelDescription.WeightsFileName), [.. tensors, .. shift is null ? Array.Empty<NamedTensor>() : [new(EncoderDescription.ShiftName, shift), new(EncoderDescription.ScaleName, scale!)]]);
            foreach (var (name, tensor) in tensors)
            {
                if (!tensor.detach().isfinite().all().ToBoolean())
                    Throw.BadFile(Path.Combine(folder, WorldModelDescription.WeightsFileName), $"tensor '{name}' holds numbers that are not finite", "finite numbers", "The run diverged, or the file is damaged; use another model.");
            }

            var frames = description.Encoder?.Frames ?? 1;
            var encoder = shift is null
                ? ObservationEncoder.Of(description.ObservationSpace, frames)
                : ObservationEncoder.Affine(description.ObservationSpace, frames, shift.data<float>().ToArray(), scale!.data<float>().ToArray());
            return new(description, model, value, encoder);
        }
        catch
        {
            value?.Dispose();
            model.Dispose();
            throw;
        }
    }

    /// <summary>Whether the model may stand for what a dataset is a log of.</summary>
    /// <param name="data">The dataset that a learner is to dream of.</param>
    /// <exception cref="UserErrorException">Its spaces are others, or the model learned from other data.</exception>
    public void RequireFits(ColumnsInfo data)
    {
        if (Description.ObservationSpace != data.ObservationSpace || Description.ActionSpace != data.ActionSpace)
            Throw.User($"World model {Description.Name} was trained for observations {Description.ObservationSpace} and actions {Description.ActionSpace}; dataset {data.Dataset} has {data.ObservationSpace} and {data.ActionSpace}. Train a model on this dataset, or name the dataset that this one learned from.");
        if (Description.ContentHash != data.ContentHash)
            Throw.User($"World model {Description.Name} was trained on {Description.Dataset} with content_hash {Description.ContentHash}; dataset {data.Dataset} has {data.ContentHash}. Train a model on this dataset, or name the one that this one learned from.");
    }

    public void Dispose()
    {
        Value?.Dispose();
        Model.Dispose();
    }

    static (Tensor? Shift, Tensor? Scale) Affine(WorldModelDescription description) => description.Encoder is { Normalized: true }
        ? (zeros(description.ObservationSpace.FlatSize), zeros(description.ObservationSpace.FlatSize))
        : (null, null);

    // Sizes are checked before anything is made of them; the tensors' own are checked when they are read.
    static string? Fault(WorldModelDescription description)
    {
        if (description.Config.Validate().FirstOrDefault() is { } fault)
            return fault;
        if (description.Parts.Fault(description.Config, description.Shape) is { } wrong)
            return wrong;
        if (description.Encoder is { Frames: < 1 or > 256 } || (description.Encoder is { Normalized: true } && description.ObservationSpace is not BoxSpace { ElementType: ElementType.Float32 }))
            return $"encoder does not fit {description.ObservationSpace}";
        if (ObservationEncoder.FeaturesOf(description.Shape.Observations) != (description.Encoder?.Frames ?? 1) * ObservationEncoder.FeaturesOf(description.ObservationSpace))
            return $"shape is for {description.Shape.Observations} and observation_space is {description.ObservationSpace}";
        var actions = description.ActionSpace is DiscreteSpace discrete ? discrete.Count : description.ActionSpace.FlatSize;
        if (description.Shape.ActionWidth != actions || description.Shape.Actions?.Fault(actions) is not null)
            return $"shape has {description.Shape.ActionWidth} actions for {description.ActionSpace}";
        return description.Shape.RewardScale > 0 && double.IsFinite(description.Shape.RewardScale) && double.IsFinite(description.Shape.RewardShift) ? null
            : FormattableString.Invariant($"reward_shift is {description.Shape.RewardShift} and reward_scale {description.Shape.RewardScale}");
    }
}
