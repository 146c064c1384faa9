using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.WorldModels;

namespace OfflineRL.Evaluate;

/// <summary>What runs stored of their world models: what they are, how wrong they were on held-out episodes, and their pictures.</summary>
/// <param name="Models">By run, seed and step.</param>
/// <param name="Errors">Of all of them.</param>
/// <param name="Calibration">Of all of them.</param>
/// <param name="Pictures">Folders of the newest models of seeds, with their runs and with what their pictures are called.</param>
public sealed record ModelTables(IReadOnlyList<ModelRow> Models, IReadOnlyList<ReportedModelError> Errors, IReadOnlyList<ReportedCalibration> Calibration, IReadOnlyList<(string Run, string Name, string Folder)> Pictures)
{
    /// <summary>Names of the tables.</summary>
    internal const string ModelsTable = "models", ErrorTable = "model_error", CalibrationTable = "calibration";

    /// <summary>Where pictures lie in a report.</summary>
    internal const string PictureFolder = "models";

    /// <summary>Names of the pictures of a model, of which it need not have all.</summary>
    internal static readonly string[] PictureFiles = [DreamPictures.StripFile, DreamPictures.AnimationFile, LatentTraversal.File];

    /// <summary>Everything that the folders of some seeds have.</summary>
    /// <param name="seeds">With the name and the algorithm of their run.</param>
    /// <exception cref="UserErrorException">A model's description is damaged.</exception>
    internal static ModelTables Of(IEnumerable<(string Algorithm, string Run, long Seed, string Folder)> seeds)
    {
        var (models, errors, calibration, pictures) = (new List<ModelRow>(), new List<ReportedModelError>(), new List<ReportedCalibration>(), new List<(string, string, string)>());
        foreach (var (algorithm, run, seed, folder) in seeds)
        {
            var stored = RunFolder.ModelsOf(folder);
            foreach (var (step, place) in stored)
            {
                var (found, isLast) = (WorldModelDescription.Read(place), step == stored[^1].Step);
                models.Add(Row(found, algorithm, run, seed, isLast));
                errors.AddRange(found.Errors.Select(e => new ReportedModelError(algorithm, run, seed, e.Step, isLast, e.Horizon, e.Target, e.Dimension, e.Count, e.Error, e.Persistence, e.Spread, e.ErrorOverPersistence, e.ErrorOverSpread)));
                calibration.AddRange(found.Calibration.Select(c => new ReportedCalibration(algorithm, run, seed, c.Step, isLast, c.Horizon, c.Target, c.Dimension, c.Count, c.Within50, c.Within80, c.Within95, c.ZMean, c.ZVariance)));
                if (isLast)
                    pictures.Add((run, string.Create(CultureInfo.InvariantCulture, $"{run}-seed-{seed}-step-{step}"), place));
            }
        }

        return new(models, errors, calibration, pictures);
    }

    /// <summary>Of the runs behind policies, where they are at hand; what cannot be read is left out: the report is about the policies. Pictures are those of each run's first seed.</summary>
    internal static ModelTables Behind(IReadOnlyList<ReportedPolicy> policies, Workspace workspace)
    {
        var parts = new List<ModelTables>();
        foreach (var run in RunsAtHand.Seeds(policies, workspace).GroupBy(s => (s.Algorithm, s.Run)))
        {
            try
            {
                var tables = Of(run);
                parts.Add(tables with { Pictures = [.. tables.Pictures.Take(1)] });
            }
            catch (UserErrorException)
            {
                // Such as of a run that is stored anew at this moment.
            }
        }

        return new([.. parts.SelectMany(p => p.Models)], [.. parts.SelectMany(p => p.Errors)], [.. parts.SelectMany(p => p.Calibration)], [.. parts.SelectMany(p => p.Pictures)]);
    }

    /// <summary>Writes those tables that have rows, and copies the pictures.</summary>
    /// <param name="report">The report's folder.</param>
    /// <param name="prefix">Of the tables' names, such as <c>figures/</c>.</param>
    internal void Write(string report, string prefix)
    {
        Directory.CreateDirectory(Path.Combine(report, prefix));
        TabularResults.Write(Path.Combine(report, prefix + ModelsTable), Models);
        if (Errors.Count > 0)
            TabularResults.Write(Path.Combine(report, prefix + ErrorTable), Errors);
        if (Calibration.Count > 0)
            TabularResults.Write(Path.Combine(report, prefix + CalibrationTable), Calibration);
        foreach (var (_, name, folder) in Pictures)
        {
            foreach (var file in PictureFiles)
            {
                if (!File.Exists(Path.Combine(folder, file)))
                    continue;
                Directory.CreateDirectory(Path.Combine(report, PictureFolder));
                File.Copy(Path.Combine(folder, file), Path.Combine(report, PictureFolder, $"{name}-{file}"));
            }
        }
    }

    static ModelRow Row(WorldModelDescription found, string algorithm, string run, long seed, bool isLast) => new()
    {
        Algorithm = algorithm,
        Run = run,
        Seed = seed,
        Step = found.Step,
        IsLast = isLast,
        Kind = found.Parts.Kind,
        Encoder = found.Parts.Kind == WorldModelParts.RecurrentStateSpace ? null : found.Config.Encoder,
        Members = found.Parts.Rssm?.Members ?? found.Config.Members,
        Dataset = found.Dataset,
        ContentHash = found.ContentHash,
        MeasuredOn = found.MeasuredOn,
        HeldOutError = found.HeldOutError,
        Horizon = found.Limits.Horizon,
        Penalty = found.Limits.Penalty,
        Threshold = found.Limits.Threshold,
    };
}
