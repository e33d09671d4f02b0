using System.Text.Json.Nodes;

namespace Dataplane.Functional.Sessions;

/// <summary>`kubectl explain`, `get -o yaml` and `get -o json`.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ShowSessionTests(ClusterFixture cluster)
{
    [Theory]
    [InlineData("pods", "KIND:       Pod\nVERSION:    v1\n\n", "  spec\t<PodSpec>")]
    [InlineData("pod.spec", "KIND:       Pod\nVERSION:    v1\n\nFIELD: spec <PodSpec>\n", "  containers\t<[]Container>")]
    [InlineData("pod.spec.containers.ports", "KIND:       Pod\nVERSION:    v1\n\nFIELD: ports <[]ContainerPort>\n", "  containerPort\t<integer>")]
    [InlineData("deploy.spec.replicas", "GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n\nFIELD: replicas <integer>\n", "")]
    [InlineData("services --recursive", "KIND:       Service\nVERSION:    v1\n\n", "      nodePort\t<integer>")]
    public async Task ATypeIsExplained(string what, string head, string field)
    {
        var text = await cluster.KubectlAsync(["explain", .. what.Split(' ')]);
        Assert.StartsWith(head, text);
        Assert.Contains(field, text);
    }

    [Theory]
    [InlineData("nothing", "the server doesn't have a resource type \"nothing\"\n")]
    [InlineData("pod.spec.colour", "error: field \"colour\" does not exist\n")]
    public async Task WhatDoesNotExistIsNotExplained(string what, string error) => Assert.Equal(error, await cluster.RefusedAsync("explain", what));

    [Fact]
    public async Task APodIsShownWholeInYamlAndJson()
    {
        await cluster.KubectlAsync("run", "shown", "--image=nginx:1", "--port=80");
        try
        {
            await cluster.KubectlAsync("wait", "--for=condition=Ready", "pod/shown", "--timeout=60s");
            var yaml = await cluster.KubectlAsync("get", "po", "shown", "-o", "yaml");
            foreach (var expected in new[]
            {
                "apiVersion: v1\nkind: Pod\nmetadata:\ncreationTimestamp: \"20{any}Z\"\nlabels:\nrun: shown\nname: shown\nnamespace: default\nresourceVersion: \"{port}\"\nuid: {id}\nspec:",
                "- image: nginx:1\nimagePullPolicy: IfNotPresent\nname: shown\nports:\n- containerPort: 80\nprotocol: TCP\nresources: {}\nterminationMessagePath: /dev/termination-log\nterminationMessagePolicy: File",
                "dnsPolicy: ClusterFirst\nenableServiceLinks: true\nnodeName: node-{id}\npreemptionPolicy: PreemptLowerPriority\npriority: 0\nrestartPolicy: Always\n" +
                "schedulerName: default-scheduler\nsecurityContext: {}\nserviceAccount: default\nserviceAccountName: default\nterminationGracePeriodSeconds: 30\ntolerations:\n" +
                "- effect: NoExecute\nkey: node.kubernetes.io/not-ready\noperator: Exists\ntolerationSeconds: 300\n" +
                "- effect: NoExecute\nkey: node.kubernetes.io/unreachable\noperator: Exists\ntolerationSeconds: 300",
                "- lastProbeTime: null\nlastTransitionTime: \"20{any}Z\"\nstatus: \"True\"\ntype: PodScheduled",
                "hostIP: 172.30.0.{port}\nhostIPs:\n- ip: 172.30.0.{port}\nphase: Running\npodIP: 10.244.{ip}\npodIPs:\n- ip: 10.244.{ip}\nqosClass: BestEffort\nstartTime: \"20{any}Z\"",
            })
            {
                Screen.Contains(expected, yaml);
            }

            var json = JsonNode.Parse(await cluster.KubectlAsync("get", "po", "shown", "-o", "json"))!;
            Assert.Equal(["apiVersion", "kind", "metadata", "spec", "status"], json.AsObject().Select(field => field.Key));
            Assert.Equal(
                ["conditions", "containerStatuses", "hostIP", "hostIPs", "phase", "podIP", "podIPs", "qosClass", "startTime"],
                json["status"]!.AsObject().Select(field => field.Key));
            Assert.Equal(
                ["ContainersReady", "Initialized", "PodReadyToStartContainers", "PodScheduled", "Ready"],
                json["status"]!["conditions"]!.AsArray().Select(condition => (string)condition!["type"]!).Order());
            Assert.Equal(
                ["containerID", "image", "imageID", "lastState", "name", "ready", "restartCount", "started", "state"],
                json["status"]!["containerStatuses"]![0]!.AsObject().Select(field => field.Key));

            var list = JsonNode.Parse(await cluster.KubectlAsync("get", "po", "-l", "run=shown", "-o", "json"))!;
            Assert.Equal("List", (string?)list["kind"]);
            Assert.Equal("v1", (string?)list["items"]![0]!["apiVersion"]);
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", "shown", "--grace-period=1");
        }
    }
}
