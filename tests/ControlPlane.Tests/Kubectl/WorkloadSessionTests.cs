using System.Text.RegularExpressions;

namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>Rollouts, jobs and their controllers through the real kubectl. There is no node: pods stay pending unless a test says otherwise.</summary>
public sealed class WorkloadSessionTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    private const string Selector = "selector: {matchLabels: {app: NAME}}";
    private const string Template = "template: {metadata: {labels: {app: NAME}}, spec: {containers: [{name: c, image: i:1}]}}";

    /// <summary>The kind as kubectl names it, and the spec.</summary>
    [Theory]
    [InlineData("Deployment", "deployment.apps", $"{{{Selector}, {Template}}}")]
    [InlineData("DaemonSet", "daemonset.apps", $"{{{Selector}, {Template}}}")]
    [InlineData("StatefulSet", "statefulset.apps", $"{{serviceName: s, {Selector}, {Template}}}")]
    public async Task A_rollout_has_a_history_and_can_be_undone_and_restarted(string kind, string resource, string spec)
    {
        var name = "h-" + kind.ToLowerInvariant();
        var target = $"{resource.Split('.')[0]}/{name}";
        await CreateAsync("apps/v1", kind, name, spec.Replace("NAME", name));
        await UntilAsync($"rollout history {target}", text => Regex.IsMatch(text, @"^1 +<none>$", RegexOptions.Multiline));

        Assert.Equal($"{resource}/{name} image updated\n", await kubectl.RunAsync($"set image {target} c=i:2"));
        Assert.Equal($"{resource}/{name} annotated\n", await kubectl.RunAsync($"annotate {target} kubernetes.io/change-cause=second"));
        var history = await UntilAsync($"rollout history {target}", text => Regex.IsMatch(text, "^2 ", RegexOptions.Multiline));
        Assert.Contains($"{resource}/{name} \nREVISION  CHANGE-CAUSE\n1 ", history);
        var first = await kubectl.RunAsync($"rollout history {target} --revision=1");
        Assert.Contains($"{resource}/{name} with revision #1\nPod Template:", first);
        Assert.Matches(@"Image:\s+i:1\n", first);

        Assert.Equal($"{resource}/{name} rolled back\n", await kubectl.RunAsync($"rollout undo {target}"));
        Assert.Equal("i:1", await kubectl.RunAsync($"get {target} -o jsonpath={{.spec.template.spec.containers[0].image}}"));
        await UntilAsync($"rollout history {target}", text => Regex.IsMatch(text, "^3 ", RegexOptions.Multiline) && !Regex.IsMatch(text, "^1 ", RegexOptions.Multiline));

        Assert.Equal($"{resource}/{name} restarted\n", await kubectl.RunAsync($"rollout restart {target}"));
        Assert.Matches("^20", await kubectl.RunAsync($"get {target} -o jsonpath={{.spec.template.metadata.annotations.kubectl\\.kubernetes\\.io/restartedAt}}"));
        await UntilAsync($"rollout history {target}", text => Regex.IsMatch(text, "^4 ", RegexOptions.Multiline));
        Assert.Contains("deleted", await kubectl.RunAsync($"delete {target}"));
    }

    [Fact]
    public async Task A_deployment_is_paused_and_resumed()
    {
        await CreateAsync("apps/v1", "Deployment", "p", $"{{{Selector}, {Template}}}".Replace("NAME", "p"));
        Assert.Equal("deployment.apps/p paused\n", await kubectl.RunAsync("rollout pause deployment/p"));
        Assert.Contains("already paused", await kubectl.RunAsync("rollout pause deployment/p"));
        await UntilAsync("describe deployment p", text => Regex.IsMatch(text, @"Progressing +Unknown +DeploymentPaused"));
        Assert.Equal("deployment.apps/p resumed\n", await kubectl.RunAsync("rollout resume deployment/p"));
        await kubectl.RunAsync("delete deployment p");
    }

    [Fact]
    public async Task A_daemon_set_without_a_node_is_rolled_out_at_once()
    {
        await CreateAsync("apps/v1", "DaemonSet", "d", $"{{{Selector}, {Template}}}".Replace("NAME", "d"));
        Assert.Equal("daemon set \"d\" successfully rolled out\n", await LastLineAsync("rollout status daemonset/d --timeout=60s"));
        Assert.Equal("1", await kubectl.RunAsync("get daemonset d -o jsonpath={.metadata.annotations.deprecated\\.daemonset\\.template\\.generation}"));
        var revisions = await UntilAsync("get controllerrevisions -l app=d", text => text.Contains("daemonset.apps/d"));
        Assert.Matches(@"NAME +CONTROLLER +REVISION +AGE\nd-\w+ +daemonset.apps/d +1 +\d+s", revisions);
        Assert.Equal("daemonset.apps \"d\" deleted\n", await kubectl.RunAsync("delete daemonset d"));
        await UntilAsync("get controllerrevisions -l app=d", text => text.Contains("No resources found"));
    }

    [Fact]
    public async Task A_stateful_set_is_scaled_waited_for_and_left_without_its_pods()
    {
        await CreateAsync("apps/v1", "StatefulSet", "db", $"{{serviceName: db, podManagementPolicy: Parallel, {Selector}, {Template}}}".Replace("NAME", "db"));
        Assert.Equal("statefulset.apps/db scaled\n", await kubectl.RunAsync("scale statefulset db --replicas=2"));
        await UntilAsync("get pods -l app=db -o name", text => text == "pod/db-0\npod/db-1\n");
        Assert.Matches(@"NAME +READY +AGE\ndb +0/2 +\d+s", await kubectl.RunAsync("get sts db"));
        foreach (var pod in new[] { "db-0", "db-1" })
        {
            await kubectl.RunAsync(
                $"patch pod {pod} --subresource=status -p {{\"status\":{{\"phase\":\"Running\",\"conditions\":[{{\"type\":\"Ready\",\"status\":\"True\"}}]}}}}");
        }

        Assert.StartsWith("partitioned roll out complete: 2 new pods", await LastLineAsync("rollout status sts/db --timeout=60s"));
        Assert.Equal("statefulset.apps \"db\" deleted\n", await kubectl.RunAsync("delete sts db --cascade=orphan"));
        Assert.Equal("pod/db-0\npod/db-1\n", await kubectl.RunAsync("get pods -l app=db -o name"));
        Assert.Empty(await kubectl.RunAsync("get pod db-0 -o jsonpath={.metadata.ownerReferences}"));
        await kubectl.RunAsync("delete pod db-0 db-1 --force --grace-period=0");
    }

    [Fact]
    public async Task A_job_is_made_from_a_cron_job_waited_for_and_shown()
    {
        Assert.Equal("cronjob.batch/nightly created\n", await kubectl.RunAsync("create cronjob nightly --image=i:1 --schedule=@yearly -- true"));
        Assert.Matches(@"nightly +@yearly +<none> +False +0 +<none> +\d+s", await kubectl.RunAsync("get cronjob nightly"));
        Assert.Equal("job.batch/now created\n", await kubectl.RunAsync("create job now --from=cronjob/nightly"));
        Assert.Equal("manual", await kubectl.RunAsync("get job now -o jsonpath={.metadata.annotations.cronjob\\.kubernetes\\.io/instantiate}"));
        var pod = (await UntilAsync("get pods -l job-name=now -o name", text => text.StartsWith("pod/now-", StringComparison.Ordinal))).Trim();
        await UntilAsync("get job now", text => Regex.IsMatch(text, @"NAME +STATUS +COMPLETIONS +DURATION +AGE\nnow +Running +0/1 +\d+s +\d+s"));
        Assert.Contains("timed out waiting for the condition on jobs/now", await kubectl.RunAsync("wait --for=condition=complete job/now --timeout=1s"));

        await kubectl.RunAsync($"patch {pod} --subresource=status -p {{\"status\":{{\"phase\":\"Succeeded\"}}}}");
        Assert.Equal("job.batch/now condition met\n", await kubectl.RunAsync("wait --for=condition=complete job/now --timeout=60s"));
        Assert.Matches(@"now +Complete +1/1 +\d+s +\d+s", await kubectl.RunAsync("get job now"));
        var description = await UntilAsync("describe job now", text => text.Contains("Job completed"));
        Assert.Matches(@"Pods Statuses: +0 Active \(0 Ready\) / 1 Succeeded / 0 Failed", description);
        Assert.Matches(@"Normal +SuccessfulCreate +\S+ +job-controller +Created pod: now-", description);

        Assert.Equal("cronjob.batch \"nightly\" deleted\n", await kubectl.RunAsync("delete cronjob nightly"));
        await UntilAsync("get jobs,pods -l job-name=now", text => text.Contains("No resources found"));
    }

    [Fact]
    public async Task An_autoscaler_is_made_in_one_version_and_read_in_the_other()
    {
        await kubectl.RunAsync("create deployment plain --image=i:1");
        Assert.Equal("horizontalpodautoscaler.autoscaling/plain autoscaled\n", await kubectl.RunAsync("autoscale deployment plain --min=2 --max=3"));
        Assert.Equal("80", await kubectl.RunAsync("get hpa plain -o jsonpath={.spec.metrics[0].resource.target.averageUtilization}"));
        await CreateAsync("apps/v1", "Deployment", "a", $"{{{Selector}, {Template}}}".Replace("NAME", "a"));
        Assert.Equal("horizontalpodautoscaler.autoscaling/a autoscaled\n", await kubectl.RunAsync("autoscale deployment a --min=2 --max=5 --cpu-percent=70"));
        Assert.Matches(@"a +Deployment/a +cpu: <unknown>/70% +2 +5 +0 +\d+s", await kubectl.RunAsync("get hpa a"));
        Assert.Equal("70", await kubectl.RunAsync("get horizontalpodautoscalers.v2.autoscaling a -o jsonpath={.spec.metrics[0].resource.target.averageUtilization}"));

        const string memory = "{\"type\":\"Resource\",\"resource\":{\"name\":\"memory\",\"target\":{\"type\":\"AverageValue\",\"averageValue\":\"1Gi\"}}}";
        await kubectl.RunAsync($"patch horizontalpodautoscalers.v2.autoscaling a --type=json -p [{{\"op\":\"add\",\"path\":\"/spec/metrics/-\",\"value\":{memory}}}]");
        Assert.Equal("70", await kubectl.RunAsync("get horizontalpodautoscalers.v1.autoscaling a -o jsonpath={.spec.targetCPUUtilizationPercentage}"));
        await kubectl.RunAsync("patch horizontalpodautoscalers.v1.autoscaling a --type=merge -p {\"spec\":{\"targetCPUUtilizationPercentage\":60}}");
        Assert.Matches(@"cpu: <unknown>/60%, memory: <unknown>/1Gi", await kubectl.RunAsync("get hpa a"));
        Assert.Empty(await kubectl.RunAsync("get horizontalpodautoscalers.v2.autoscaling a -o jsonpath={.metadata.annotations}"));
        Assert.Contains("deleted", await kubectl.RunAsync("delete hpa/a deployment/a"));
    }

    private async Task CreateAsync(string apiVersion, string kind, string name, string spec) => Assert.Contains(
        "created", await kubectl.RunAsync("create -f -", $"apiVersion: {apiVersion}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"));

    private async Task<string> LastLineAsync(string arguments) => (await kubectl.RunAsync(arguments)).TrimEnd('\n').Split('\n')[^1] + "\n";

    /// <summary>Asks again until the answer is as wanted.</summary>
    private async Task<string> UntilAsync(string arguments, Func<string, bool> wanted)
    {
        var text = "";
        for (var i = 0; i < 600; i++)
        {
            text = await kubectl.RunAsync(arguments);
            if (wanted(text))
            {
                return text;
            }

            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"kubectl {arguments} went on answering:\n{text}");
        return text;
    }
}
