using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.ControlPlane.Tests.CustomResources;

/// <summary>Definitions are remembered: what they define is served by a restarted server's first answer.</summary>
public sealed class RestartTests
{
    private static readonly ResourceType Definitions =
        new("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", Namespaced: false);

    private static readonly ResourceType Widgets = new("example.com", "v1", "Widget", "widgets", Namespaced: true);

    [Fact]
    public async Task ARestartForgetsNothing()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var directory = Directory.CreateTempSubdirectory("dp-t-restart").FullName;
        try
        {
            await using (var server = await StartAsync(directory))
            {
                using var client = new KubernetesClient(server.KubeConfig);
                await client.CreateYamlAsync(Definitions, "", TestDefinition.Yaml, cancellation);
                await ServedAsync(client);
                await client.CreateYamlAsync(
                    Widgets, "default", "{apiVersion: example.com/v1, kind: Widget, metadata: {name: kept}, spec: {color: red}}", cancellation);
            }

            await using (var server = await StartAsync(directory))
            {
                using var client = new KubernetesClient(server.KubeConfig);
                var list = await client.ListMetadataAsync(Widgets, cancellationToken: cancellation);
                Assert.Equal("kept", Assert.Single(list.Items).Metadata.Name);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static Task<ControlPlaneServer> StartAsync(string directory) => ControlPlaneServer.StartAsync(
        new ControlPlaneOptions { DataDirectory = directory, Store = "sqlite", Listen = [new ListenAddress(new IPEndPoint(IPAddress.Loopback, 0))] },
        NullLoggerFactory.Instance,
        TestContext.Current.CancellationToken);

    private static async Task ServedAsync(KubernetesClient client)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while (!(await ResourceDiscovery.AllAsync(client, deadline.Token)).Contains(Widgets))
        {
            await Task.Delay(5, deadline.Token);
        }
    }
}
