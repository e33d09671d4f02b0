using Dataplane.TestKit;

namespace Dataplane.Functional.Runtimes;

/// <summary>Images from a registry that wants to know who asks, on the runtimes that fetch any.</summary>
[Collection(RuntimeCollection.Name)]
public sealed class PullWalkTests(RuntimeSessions sessions)
{
    private const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: allowed}
        spec:
          imagePullSecrets: [{name: login}]
          containers: [{name: main, image: PRIVATE, imagePullPolicy: Always}]
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: stranger}
        spec:
          imagePullSecrets: [{name: absent}]
          containers: [{name: main, image: PRIVATE, imagePullPolicy: Always}]
        """;

    [Theory]
    [InlineData("docker")]
    [InlineData("cri")]
    public async Task APullSecretOpensItsRegistryOnly(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        var image = await sessions.PrivateImageAsync();
        await session.Kubectl.RunAsync(
            "create", "secret", "docker-registry", "login", $"--docker-server={Engines.Registry}", $"--docker-username={Engines.RegistryUser}",
            $"--docker-password={Engines.RegistryPassword}");
        await session.CreateAsync(Manifest, ("PRIVATE", image));
        await session.ReadyAsync("allowed");
        await session.Kubectl.EventuallyAsync(
            text => text.Contains($"Successfully pulled image \"{image}\"", StringComparison.Ordinal), "describe", "pod", "allowed");
        await session.Kubectl.EventuallyAsync(
            text => text.Contains($"Failed to pull image \"{image}\": ", StringComparison.Ordinal)
                && text.Contains("Unable to retrieve some image pull secrets (absent); attempting to pull the image may not succeed.", StringComparison.Ordinal),
            "describe", "pod", "stranger");
    }
}
