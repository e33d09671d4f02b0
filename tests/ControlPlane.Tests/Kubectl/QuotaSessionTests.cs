using System.Text.RegularExpressions;

namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>A namespace with a quota and limits, as an administrator looks at it.</summary>
public sealed class QuotaSessionTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    [Fact]
    public async Task A_quota_fills_up_and_refuses()
    {
        await kubectl.RunAsync("create namespace team");
        await kubectl.RunAsync("create quota small --hard=pods=1,requests.cpu=1,limits.memory=1Gi,count/secrets=4 -n team");
        await kubectl.EventuallyAsync("get quota small -n team -o jsonpath={.status.used.pods}", "0");
        await kubectl.RunAsync(
            "create -n team -f -", "apiVersion: v1\nkind: LimitRange\nmetadata: {name: usual}\nspec: {limits: [{type: Container, default: {memory: 256Mi}, defaultRequest: {cpu: 100m}}]}\n");
        Assert.Contains("pod/first created", await kubectl.RunAsync("run first --image=i -n team"));
        var refused = await kubectl.RunAsync("run second --image=i -n team");
        Assert.Contains("Error from server (Forbidden): pods \"second\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1", refused);

        Assert.Equal(
            "Name: small\nNamespace: team\nResource Used Hard\n-------- ---- ----\ncount/secrets 0 4\nlimits.memory 256Mi 1Gi\npods 1 1\nrequests.cpu 100m 1\n",
            Squeeze(await kubectl.RunAsync("describe quota small -n team")));
        var table = Squeeze(await kubectl.RunAsync("get quota -n team"));
        Assert.Matches(@"NAME (AGE )?REQUEST LIMIT", table);
        Assert.Contains("count/secrets: 0/4, pods: 1/1, requests.cpu: 100m/1 limits.memory: 256Mi/1Gi", table);
        var described = Squeeze(await kubectl.RunAsync("describe namespace team"));
        Assert.Contains("Resource Quotas\n Name: small\n Resource Used Hard\n", described);
        Assert.Contains(" requests.cpu 100m 1\n", described);
        Assert.Contains("Resource Limits\n Type Resource Min Max Default Request Default Limit Max Limit/Request Ratio\n", described);

        await kubectl.RunAsync("delete pod first -n team");
        await kubectl.EventuallyAsync("get quota small -n team -o jsonpath={.status.used.pods}", "0");
        Assert.Contains("pod/second created", await kubectl.RunAsync("run second --image=i -n team"));
    }

    private static string Squeeze(string text) => Regex.Replace(Regex.Replace(text, " +", " "), " \n", "\n");
}
