package postevents;

import com.google.common.base.Supplier;
import com.google.common.flogger.FluentLogger;
import com.google.gerrit.extensions.events.LifecycleListener;
import com.google.gerrit.server.config.CanonicalWebUrl;
import com.google.gerrit.server.config.PluginConfigFactory;
import com.google.gerrit.server.config.SitePaths;
import com.google.gerrit.server.events.Event;
import com.google.gerrit.server.events.EventListener;
import com.google.gerrit.server.events.ProjectEvent;
import com.google.gerrit.server.events.SupplierSerializer;
import com.google.gerrit.server.project.NoSuchProjectException;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.stream.Stream;
import org.eclipse.jgit.lib.Config;

/**
 * Posts each event of a project to every remote of its webhooks.config, as Gerrit's webhooks plugin
 * does, and to every URL that stands in the site's etc/post-events.urls, one a line. Both are read
 * anew at each event.
 */
class Listener implements EventListener, LifecycleListener {
  private static final FluentLogger logger = FluentLogger.forEnclosingClass();
  private static final int THREADS = 2;

  private final Gson gson =
      new GsonBuilder().registerTypeAdapter(Supplier.class, new SupplierSerializer()).create();
  private final ScheduledThreadPoolExecutor pool = new ScheduledThreadPoolExecutor(THREADS);
  private final Client client = new Client();
  private final Path urls;
  private final String origin;

  private final PluginConfigFactory configs;

  @Inject
  Listener(SitePaths site, @CanonicalWebUrl String origin, PluginConfigFactory configs) {
    this.configs = configs;
    this.urls = site.etc_dir.resolve("post-events.urls");
    this.origin = origin;
  }

  @Override
  public void onEvent(Event event) {
    if (!(event instanceof ProjectEvent of)) {
      return;
    }
    for (String url : Stream.concat(readUrls().stream(), remotes(of)).toList()) {
      pool.execute(new Post(pool, client, url, origin, gson.toJson(event)));
    }
  }

  /** Where the project's webhooks.config, its own and the inherited one, sends such an event. */
  private Stream<String> remotes(ProjectEvent event) {
    Config config;
    try {
      config = configs.getProjectPluginConfigWithInheritance(event.getProjectNameKey(), "webhooks");
    } catch (NoSuchProjectException gone) {
      return Stream.empty();
    }
    return config.getSubsections("remote").stream()
        .filter(
            remote -> {
              List<String> kinds = List.of(config.getStringList("remote", remote, "event"));
              return kinds.isEmpty() || kinds.contains(event.getType());
            })
        .map(remote -> config.getString("remote", remote, "url"));
  }

  private List<String> readUrls() {
    try {
      return Files.readAllLines(urls).stream().map(String::strip).filter(u -> !u.isEmpty()).toList();
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (IOException e) {
      logger.atSevere().withCause(e).log("cannot read %s", urls);
      return List.of();
    }
  }

  @Override
  public void start() {}

  @Override
  public void stop() {
    pool.shutdownNow();
    client.close();
  }
}
