//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// An API manager that runs on your own machine. Without a command it opens the window.
#[derive(Parser)]
#[command(name = "gatepost", version, about)]
pub struct Gatepost {
    /// Folder of `gatepost.db` and `traffic.db`. Default: the system's folder for application data.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Runs without a window; prints where the gateway and the console listen.
    Serve(Serve),
    /// Says what is wrong with configuration files, every fault with its line and field.
    Check {
        /// Configuration files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Runs a sample API on 127.0.0.1, to try everything against.
    Demo {
        /// Where it listens.
        #[arg(long, default_value_t = gatepost_control::sample::DEFAULT_PORT)]
        port: u16,
    },
}

#[derive(Args)]
pub struct Serve {
    /// Folder of `gatepost.db` and `traffic.db`. Default: the system's folder for application data.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file to put in force at the start; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub config: Vec<PathBuf>,
    /// Where the console and the management API listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070", conflicts_with = "no_admin")]
    pub admin: SocketAddr,
    /// No console and no management API.
    #[arg(long)]
    pub no_admin: bool,
    /// Data-plane threads. Default: one a core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
}
