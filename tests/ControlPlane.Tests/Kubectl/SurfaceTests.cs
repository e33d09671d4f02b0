namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>The commands of kubectl that ask for the server rather than for objects.</summary>
public sealed class SurfaceTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    public static TheoryData<string, string, string> Commands
    {
        get
        {
            var rows = new TheoryData<string, string, string>();
            foreach (var version in new[] { "1.27", "1.29", "1.32", "1.33" })
            {
                rows.Add(version, "api-versions", "apps/v1");
                rows.Add(version, "api-resources --namespaced=true", "pods po v1 true Pod");
                rows.Add(version, "api-resources --namespaced=true", "podtemplates v1 true PodTemplate");
                rows.Add(version, "api-resources -o wide --api-group=", "bindings v1 true Binding create");
                rows.Add(version, "api-resources -o wide --api-group=apps", "deployments deploy apps/v1 true Deployment create,delete,deletecollection,get,list,patch,update,watch");
                rows.Add(version, "cluster-info", "is running at");
                rows.Add(version, "version", "Server Version: ");
                rows.Add(version, "get --raw /readyz?verbose", "[+]etcd ok");
                rows.Add(version, "get --raw /metrics", "apiserver_request_total{");
                rows.Add(version, "get componentstatuses", "scheduler Healthy ok");
                rows.Add(version, "get cs", "Warning: v1 ComponentStatus is deprecated in v1.19+");
                rows.Add(version, "get apiservices", "v1.apps Local True");
                rows.Add(version, "get apiservice v1. -o jsonpath={.spec.groupPriorityMinimum},{.spec.versionPriority}", "18000,1");
                rows.Add(version, "get servicecidr", "kubernetes 10.96.0.0/16");
                if (version != "1.29")
                {
                    // 1.29 asks for the alpha version, which no server serves unless told to.
                    rows.Add(version, "describe servicecidr kubernetes", "Name: kubernetes");
                }

                rows.Add(version, "get services -o yaml", "kind: List");
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task TheServerIsDescribed(string version, string command, string expected)
    {
        var output = await kubectl.RunAsync(command, version: version);
        var words = string.Join('\n', output.Split('\n').Select(line => string.Join(' ', line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))));
        Assert.Contains(expected, words, StringComparison.Ordinal);
    }
}
