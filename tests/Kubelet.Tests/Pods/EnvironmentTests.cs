using System.Net;
using Dataplane.Api;
using Dataplane.Kubelet.Pods;

namespace Dataplane.Kubelet.Tests.Pods;

public sealed class EnvironmentTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("$(A)-$(B)", "1-2")]
    [InlineData("$(MISSING)", "$(MISSING)")]
    [InlineData("$$(A)", "$(A)")]
    [InlineData("$$$(A)", "$1")]
    [InlineData("$A $(A", "$A $(A")]
    [InlineData("tail$", "tail$")]
    [InlineData("$()", "$()")]
    public void ReferencesAreExpanded(string text, string expected) =>
        Assert.Equal(expected, VariableExpansion.Expand(text, new Dictionary<string, string> { ["A"] = "1", ["B"] = "2" }));

    [Fact]
    public void ServicesOfTheNamespaceAndTheApiBecomeVariables()
    {
        var pod = new Pod { Metadata = new ObjectMeta { Namespace = "shop", Name = "web" } };
        Service[] services =
        [
            Service("shop", "redis-master", "10.96.1.1", ("client", 6379), ("", 9121)),
            Service("shop", "headless", "None", ("", 80)),
            Service("other", "elsewhere", "10.96.1.2", ("", 80)),
            Service("default", "kubernetes", "10.96.0.1", ("https", 443)),
        ];
        var variables = ServiceEnvironment.For(pod, services).Select(pair => $"{pair.Key}={pair.Value}").ToArray();
        Assert.Equal(
            [
                "KUBERNETES_SERVICE_HOST=10.96.0.1", "KUBERNETES_SERVICE_PORT=443", "KUBERNETES_SERVICE_PORT_HTTPS=443",
                "KUBERNETES_PORT=tcp://10.96.0.1:443", "KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443", "KUBERNETES_PORT_443_TCP_PROTO=tcp",
                "KUBERNETES_PORT_443_TCP_PORT=443", "KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1",
                "REDIS_MASTER_SERVICE_HOST=10.96.1.1", "REDIS_MASTER_SERVICE_PORT=6379", "REDIS_MASTER_SERVICE_PORT_CLIENT=6379",
                "REDIS_MASTER_PORT=tcp://10.96.1.1:6379", "REDIS_MASTER_PORT_6379_TCP=tcp://10.96.1.1:6379", "REDIS_MASTER_PORT_6379_TCP_PROTO=tcp",
                "REDIS_MASTER_PORT_6379_TCP_PORT=6379", "REDIS_MASTER_PORT_6379_TCP_ADDR=10.96.1.1",
                "REDIS_MASTER_PORT_9121_TCP=tcp://10.96.1.1:9121", "REDIS_MASTER_PORT_9121_TCP_PROTO=tcp",
                "REDIS_MASTER_PORT_9121_TCP_PORT=9121", "REDIS_MASTER_PORT_9121_TCP_ADDR=10.96.1.1",
            ],
            variables);

        pod.Spec.EnableServiceLinks = false;
        Assert.All(ServiceEnvironment.For(pod, services), pair => Assert.StartsWith("KUBERNETES_", pair.Key));
    }

    [Theory]
    [InlineData("metadata.name", "web")]
    [InlineData("metadata.labels['app']", "shop")]
    [InlineData("metadata.labels['none']", "")]
    [InlineData("metadata.labels", "app=\"shop\"\ntier=\"a\\\"b\"")]
    [InlineData("status.podIP", "10.244.1.5")]
    [InlineData("spec.nodeName", "node-1")]
    public void FieldsOfThePodAreText(string path, string expected) => Assert.Equal(expected, Fields().Value(path));

    [Fact]
    public void AnUnknownFieldIsRefused() => Assert.Throws<ConfigurationException>(() => Fields().Value("spec.secret"));

    private static PodFields Fields() => new(
        new Pod { Metadata = new ObjectMeta { Name = "web", Labels = { ["tier"] = "a\"b", ["app"] = "shop" } } }, [IPAddress.Parse("10.244.1.5")], [IPAddress.Parse("172.30.0.11")], "node-1");

    private static Service Service(string ns, string name, string clusterIP, params (string Name, int Port)[] ports) => new()
    {
        Metadata = new ObjectMeta { Namespace = ns, Name = name },
        Spec = new ServiceSpec { ClusterIP = clusterIP, Ports = [.. ports.Select(port => new ServicePort { Name = port.Name, Port = port.Port })] },
    };
}
