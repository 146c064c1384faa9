using System.CommandLine;
using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Cli.Ingest;
using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Environments;

/// <summary><c>offlinerl environments draw</c>: an episode as a strip of frames or as an animation.</summary>
static class DrawCommand
{
    const int DefaultLimit = 1000, DefaultFrames = 8, DefaultRate = 30;

    public static Command Create()
    {
        Argument<string?> id = new("id") { Description = "An environment's id, parameters and held-out variants included; with --dataset: what draws its observations (default: what it was recorded on)", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> policy = new("--policy", "-p") { Description = "Who acts: a built-in policy, or a run: run:NAME[@step=N][,seed=K] (default: the environment's first own policy, else uniform)", HelpName = "POLICY" };
        Option<ulong> seed = new("--seed", "-s") { Description = "Of the start and of every draw", HelpName = "SEED" };
        Option<string?> dataset = new("--dataset", "-d") { Description = "Draw a stored episode instead of a new one", HelpName = "NAME" };
        Option<long> episode = new("--episode") { Description = "With --dataset: which one, from 0", HelpName = "K" };
        Option<string?> output = new("--out", "-o") { Description = "The file to write: .png for a strip, .apng or .gif for an animation", HelpName = "FILE", Required = true };
        Option<int?> frames = new("--frames") { Description = $"Of a strip, evenly spaced over the episode (default: {DefaultFrames})", HelpName = "N" };
        Option<int?> every = new("--every") { Description = "Of an animation: show every N-th step (default: 1)", HelpName = "N" };
        Option<double?> rate = new("--fps") { Description = $"Of an animation: frames a second (default: {DefaultRate})", HelpName = "F" };
        Option<int> limit = new("--limit") { Description = "Steps of the episode at most", HelpName = "N", DefaultValueFactory = _ => DefaultLimit };
        Option<bool> force = new("--force", "-f") { Description = "Replace a file of that name" };
        var command = new Command("draw", """
            Draws an episode: a strip of frames, or an animation, by the extension of the file.

            Examples:
              offlinerl environments draw CartPole-v1 --policy uniform --seed 1 --out cartpole.png
              offlinerl environments draw CartPole-v1?length=1 --policy run:cartpole-dqn --every 2 --out long-pole.gif
              offlinerl environments draw --dataset cartpole --episode 3 --frames 6 --out episode.png

            Exit codes: 0 done, 2 usage or bad input (nothing is written), 130 interrupted (nothing is left).
            """)
        {
            id, policy, seed, dataset, episode, output, frames, every, rate, limit, force,
        };
        command.SetAction(arguments =>
        {
            var path = arguments.GetValue(output)!;
            var replace = arguments.GetValue(force);
            var isStrip = IsStrip(path);
            Require(!isStrip || (arguments.GetValue(every) is null && arguments.GetValue(rate) is null), "--every and --fps are for animations; a strip takes --frames. Name the file .apng or .gif for an animation.");
            Require(isStrip || arguments.GetValue(frames) is null, "--frames is for strips; an animation takes --every and --fps. Name the file .png for a strip.");
            var (count, step, fps) = (arguments.GetValue(frames) ?? DefaultFrames, arguments.GetValue(every) ?? 1, arguments.GetValue(rate) ?? DefaultRate);
            Require(count is >= 1 and <= 1000, $"--frames is {count}; expected 1 to 1000.");
            Require(step >= 1, $"--every is {step}; expected at least 1.");
            Require(fps is >= 0.1 and <= 100, string.Create(CultureInfo.InvariantCulture, $"--fps is {fps}; expected 0.1 to 100."));
            Require(arguments.GetValue(limit) >= 1, $"--limit is {arguments.GetValue(limit)}; expected at least 1.");
            PendingFile.RequireWritable(path, replace);

            using DrawnEpisode drawn = arguments.GetValue(dataset) is { } name
                ? Stored(arguments.Workspace(), name, arguments.GetValue(episode), arguments.GetValue(id), arguments.GetValue(policy))
                : RolledOut(arguments.Workspace(), arguments.GetValue(id), arguments.GetValue(policy), arguments.GetValue(seed), arguments.GetResult(episode) is { Implicit: false });
            using var progress = new ConsoleProgress();
            var written = isStrip
                ? EpisodePictures.Strip(drawn, path, replace, count, arguments.GetValue(limit), (stage, done, total) => Report(progress, stage, done, total))
                : EpisodePictures.Animation(drawn, path, replace, step, fps, arguments.GetValue(limit), (stage, done, total) => Report(progress, stage, done, total));
            var shown = isStrip ? Text($"{written.Shown} of {written.States} states") : Text($"{written.Shown} frames");
            Console.WriteLine(Text($"{path}: {drawn.Title}: {shown}, {written.Steps} steps, return {written.Return:0.##}"));
            return ExitCodes.Done;
        });
        return command;
    }

    static bool IsStrip(string path)
    {
        var extension = Path.GetExtension(path).ToLowerInvariant();
        Require(extension == ".png" || AnimationWriter.Extensions.Contains(extension), $"--out is '{path}'; expected a file that ends in .png for a strip, or in {string.Join(" or ", AnimationWriter.Extensions)} for an animation.");
        return extension == ".png";
    }

    static RolledOutEpisode RolledOut(Workspace workspace, string? id, string? policy, ulong seed, bool namesEpisode)
    {
        Require(id is not null, "Name an environment, for example 'offlinerl environments draw CartPole-v1 --out cartpole.png', or a stored episode with --dataset.");
        Require(!namesEpisode, "--episode is for stored episodes; name their dataset with --dataset.");
        var definition = EnvironmentRegistry.Definition(id!);
        var identity = EnvironmentRegistry.Resolve(id!);
        var spec = TrainedPolicies.Spec(policy ?? (definition.Policies is [var own, ..] ? own.Name : "uniform"), definition);
        var acting = BehaviorPolicies.Make(spec, definition, identity, trained => TrainedPolicies.Load(workspace, trained));
        IVectorEnvironment? environment = null;
        try
        {
            environment = EnvironmentRegistry.Make(id!, 1, rendered: true);
            return new RolledOutEpisode(environment, definition, acting, () => RandomStream.Create(seed, "draw"), string.Create(CultureInfo.InvariantCulture, $"seed {seed}"));
        }
        catch
        {
            environment?.Dispose();
            (acting as IDisposable)?.Dispose();
            throw;
        }
    }

    static StoredEpisode Stored(Workspace workspace, string dataset, long episode, string? id, string? policy)
    {
        Require(policy is null, "--policy is for new episodes; who acted in a stored one stands in its dataset.");
        return new StoredEpisode(Dataset.Open(workspace, dataset), episode, id);
    }

    static void Report(ConsoleProgress progress, string stage, int done, int total)
    {
        ToolHost.Interrupted.ThrowIfCancellationRequested();
        progress.Report(stage, done, total);
    }

    static void Require(bool holds, string message)
    {
        if (!holds)
            throw new UserErrorException(message);
    }

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
