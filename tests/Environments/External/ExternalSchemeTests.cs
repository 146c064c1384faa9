using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Evaluate;
using OfflineRL.Ingest;
using Interval = OfflineRL.Environments.Interval;
using OfflineRL.Tests.Ingest;

namespace OfflineRL.Tests.Environments;

public sealed class ExternalSchemeTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("offlinerl-external-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AFile_DeclaresParametersAndTheServerTheRest()
    {
        var id = Write("""
            command: [node, CHILD, good]
            environment: masked
            parameters:
              scale: {default: 2, unit: points, valid: [0, 10], recordable: [1, 3], held_out: [[4, 5]]}
            held_out_variants:
              large: {scale: 4.5}
            reference_expert_return: 30
            """);
        var definition = EnvironmentRegistry.Definition(id);
        Assert.Equal(id, definition.Id);
        Assert.Equal("Counts its steps.", definition.Description);
        Assert.Equal((7, new DiscreteSpace(3)), (definition.MaxEpisodeSteps, (DiscreteSpace)definition.ActionSpace));
        Assert.Equal((1.5, 30.0, "child.mjs"), (definition.ReferenceRandomReturn!.Value, definition.ReferenceExpertReturn!.Value, definition.ReferenceSource));
        var p = Assert.Single(definition.Parameters);
        Assert.Equal(("scale", 2.0, "points", new Interval(1, 3)), (p.Name, p.Default, p.Unit, p.Recordable));

        // The default of the file, where the server's own is 1.
        using (var environment = EnvironmentRegistry.Make(id, 1))
        {
            Assert.Equal(EnvironmentRegistry.Resolve(id), environment.Identity);
            Assert.IsType<IMaskedEnvironment>(environment, exactMatch: false);
            Assert.Equal(2 * 1.1, FirstReward(environment));
        }

        using (var environment = EnvironmentRegistry.Make(id + "?scale=3", 1, rendered: true))
        {
            Assert.IsType<IRenderedEnvironment>(environment, exactMatch: false);
            Assert.Equal(3 * 1.1, FirstReward(environment), 12);
        }

        var nominal = EnvironmentRegistry.ResolveRecordable(id);
        Assert.Equal(VariantLabel.HeldOut, EnvironmentRegistry.Label(EnvironmentRegistry.Vary(nominal, Assert.Single(definition.HeldOutVariants)), nominal));
        Assert.Equal(VariantLabel.Unknown, EnvironmentRegistry.Label(EnvironmentRegistry.Resolve(id + "?scale=2.5"), nominal));
        Assert.Contains("may not be recorded", Error(() => EnvironmentRegistry.ResolveRecordable(id + "?scale=4.5")), StringComparison.Ordinal);
        Assert.Contains("scale is '11'; expected a number in [0, 10] (points)", Error(() => EnvironmentRegistry.Resolve(id + "?scale=11")), StringComparison.Ordinal);
        Assert.Contains("unknown parameter 'other'; there is scale.", Error(() => EnvironmentRegistry.Make(id + "?other=1", 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void AParameterThatNobodyDeclared_MayBeRecordedAndHasNoLabel()
    {
        var id = Write("command: [node, CHILD, good]");
        Assert.Equal(1, Assert.Single(EnvironmentRegistry.Definition(id).Parameters).Default);
        var (nominal, other) = (EnvironmentRegistry.ResolveRecordable(id), EnvironmentRegistry.ResolveRecordable(id + "?scale=-500"));
        Assert.Equal(VariantLabel.Nominal, EnvironmentRegistry.Label(other, other));
        Assert.Equal(VariantLabel.Unknown, EnvironmentRegistry.Label(other, nominal));
    }

    [Theory]
    [InlineData("comand: [x]", "line 1: unknown key 'comand'", "command")]
    [InlineData("folder: .", "command and gymnasium: expected one of them")]
    [InlineData("command: [a]\ngymnasium: b", "command and gymnasium: expected one of them")]
    [InlineData("gymnasium: b\nenvironment: c", "environment: belongs to a command")]
    [InlineData("command: [a]\ncall_timeout: 0", "call_timeout is 0 s; expected more than 0")]
    [InlineData("command: [a]\nparameters: {m: {unit: kg}}", "parameters.m: default is missing")]
    [InlineData("command: [a]\nparameters: {m: {default: 1, recordable: [2, 3]}}", "parameters.m: default is 1; expected a value of recordable [2, 3]")]
    [InlineData("command: [a]\nparameters: {m: {default: 1, recordable: [1]}}", "parameters.m: recordable is [1]; expected [low, high]")]
    [InlineData("command: [a]\nparameters: {m: {default: 1, recordable: [0, 2], held_out: [[2, 3]]}}", "parameters.m: held_out [2, 3] touches recordable [0, 2]")]
    [InlineData("command: [a]\nparameters: {m: {default: 1, recordable: [0, 2], held_out: [3, 4]}}", "parameters.m: held_out is [3]; expected a list of intervals")]
    [InlineData("command: [a]\nparameters: {m: {default: 1, held_out: [[3, 4]]}}", "parameters.m: held_out is there but recordable is not")]
    [InlineData("command: [a]\nparameters: {m: {default: 1, valid: [0, 3], recordable: [0, 2], held_out: [[3, 4]]}}", "recordable or held_out leaves valid [0, 3]")]
    [InlineData("command: [a]\nparameters: {mass: {default: 1}}\nheld_out_variants: {v: {mas: 1}}", "held_out_variants.v: 'mas' is not under parameters", "mass")]
    [InlineData("command: [a]\nparameters: {m: {default: 1, recordable: [0, 2], held_out: [[3, 4]]}}\nheld_out_variants: {v: {m: 5}}", "held_out_variants.v: m is 5; expected a value of held_out ([3, 4]) or of recordable ([0, 2])")]
    [InlineData("command: [a]\nparameters: {m: {default: 1, recordable: [0, 2], held_out: [[3, 4]]}}\nheld_out_variants: {v: {m: 1.5}}", "no parameter is outside its recordable range")]
    [InlineData("command: [a]\nfolder: nowhere", "nowhere' does not exist")]
    [InlineData("command: [no-such-program]", "the program 'no-such-program' was not found in PATH")]
    public void AFileWithAFault_IsOneMessage(string text, params string[] parts)
    {
        var message = Error(() => EnvironmentRegistry.Definition(Write(text)));
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]
    public void NamesThatLeadNowhere_SayWhatIsExpected()
    {
        Assert.Contains("the file 'nothing.yaml' does not exist", Error(() => EnvironmentRegistry.Definition("external:nothing.yaml")), StringComparison.Ordinal);
        Assert.Contains("nothing stands after the colon; expected a name, for example external:", Error(() => EnvironmentRegistry.Definition("external:")), StringComparison.Ordinal);
        Assert.Contains("nothing stands after the colon; expected a name, for example gymnasium:", Error(() => EnvironmentRegistry.Definition("gymnasium:")), StringComparison.Ordinal);
        Assert.Equal(["external", "gymnasium"], EnvironmentRegistry.Schemes.Select(s => s.Name).Where(n => n is "external" or "gymnasium").Order());
    }

    // The files are what the documentation shows; the Python is found as a user's would be, and the log says what made it.
    [Fact]
    public void TheExample_IsRecordedAndScored()
    {
        Environment.SetEnvironmentVariable("OFFLINERL_PYTHON", PythonWithNumPy.Require());
        var id = "external:" + Path.Combine(Checkout.Root, "ingest", "configs", "external_walk.yaml");
        using var recording = new Recording();
        var config = new RecordConfig { Name = "walk", Environment = id, Steps = 500, Batch = 4, Seed = 3, Mixture = [new BehaviorConfig { Policy = "uniform", Weight = 1 }] };
        var dataset = recording.Record(config);
        Assert.Equal(new EnvironmentIdentity(id, new Dictionary<string, double> { ["slip"] = 0.3 }), dataset.Manifest.Environment);
        Assert.Equal(500, dataset.Manifest.Counts.Steps);
        // As everywhere: the batch changes the speed, not one digit.
        Assert.Equal(dataset.Manifest.ContentHash, recording.Record(config with { Batch = 1 }).Manifest.ContentHash);
        Assert.NotEqual(dataset.Manifest.ContentHash, recording.Record(config with { Seed = 4 }).Manifest.ContentHash);
        Assert.Contains("may not be recorded", Error(() => recording.Record(config with { Environment = id + "?slip=0.8" })), StringComparison.Ordinal);

        var report = RolloutJob.Run(
            new RolloutConfig { Name = "walk", Policies = ["builtin:uniform"], Dataset = "walk", Environment = id, Episodes = 6, Tasks = ["nominal", "held_out", id + "?slip=0.35"] },
            recording.Workspace,
            NullProgress.Instance,
            TimeProvider.System,
            CancellationToken.None);
        Assert.Equal(["firm held_out", "icy held_out"], report.Summary.Scores.Select(s => $"{s.Task} {s.Label}").Where(s => s is not "held_out (all) held_out" && s.EndsWith("held_out", StringComparison.Ordinal)).Order());
        Assert.Contains(report.Summary.Scores, s => s.Label == "nominal");
        Assert.Contains(report.Summary.Scores, s => s.Label == "unknown");
    }

    [Fact]
    public void AGymnasiumId_WithAParameterThatChangesItsSpaces_IsDescribedAsItIs()
    {
        Environment.SetEnvironmentVariable("OFFLINERL_PYTHON", PythonWithNumPy.Require());
        var path = Path.Combine(_folder, "wide.py");
        File.WriteAllText(path, """
            import numpy as np
            from offlinerl_server import Box, Discrete
            class Wide:
                def __init__(self, size=2):
                    self.observation_space, self.action_space, self.size = Box(0, 1, (size,)), Discrete(2), size
                def reset(self, seed=None):
                    return np.zeros(self.size)
                def step(self, action):
                    return np.ones(self.size), 1.0, False, False, {}
            """);
        var id = $"gymnasium:{path}:Wide";
        Assert.Equal(2, EnvironmentRegistry.Definition(id).ObservationSpace.FlatSize);
        Assert.Equal(5, EnvironmentRegistry.Definition(id + "?size=5").ObservationSpace.FlatSize);
        using var environment = EnvironmentRegistry.Make(id + "?size=5", 2);
        Assert.Equal((5, id + "?size=5"), (environment.ObservationSpace.FlatSize, environment.Identity.ToString()));
    }

    [Fact]
    public void AServerWhoseSpacesChange_IsOneMessage()
    {
        var id = Write("command: [node, CHILD, fickle]");
        EnvironmentRegistry.Make(id, 1).Dispose();
        Assert.Contains(
            $"Environment '{id}?scale=1': the server declared the observation_space box(2, float32) with other bounds; expected box(2, float32), as it was described before. An environment's spaces may depend on its parameters,",
            Error(() => EnvironmentRegistry.Make(id, 2)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void TheReadme_ShowsTheExampleThatIsTested()
    {
        var readme = File.ReadAllText(Path.Combine(Checkout.Root, "ingest", "Environments", "External", "README.md"));
        foreach (var name in new[] { "external_walk.py", "external_walk.yaml" })
            Assert.Contains(File.ReadAllText(Path.Combine(Checkout.Root, "ingest", "configs", name)), readme, StringComparison.Ordinal);
        foreach (var key in typeof(ExternalConfig).GetProperties().Select(p => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name)))
            Assert.Contains($"`{key}`", readme, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEnvironmentThatDrawsItself_IsDrawnByTheTool()
    {
        var picture = Path.Combine(_folder, "strip.png");
        Cli.Tool.Run(_folder, "environments", "draw", Write("command: [node, CHILD, good]"), "--frames", "2", "--limit", "5", "--out", picture).Expect(0);
        Assert.Equal("PNG", System.Text.Encoding.ASCII.GetString(File.ReadAllBytes(picture), 1, 3));
    }

    static string Error(Func<object?> action) => Assert.Throws<UserErrorException>(action).Message;

    static double FirstReward(IVectorEnvironment environment)
    {
        var (observation, rewards) = (new float[2], new double[1]);
        environment.Reset([10], observation);
        environment.Step(
            new ActionBatch { Discrete = [1] },
            new StepOutput { Observations = observation, Rewards = rewards, Terminated = new bool[1], Truncated = new bool[1], FinalObservations = new float[2] });
        return rewards[0];
    }

    string Write(string yaml)
    {
        var path = Path.Combine(_folder, $"{Directory.GetFiles(_folder).Length}.yaml");
        File.WriteAllText(path, yaml.Replace("CHILD", ExternalChild.Script, StringComparison.Ordinal));
        return "external:" + path;
    }
}
